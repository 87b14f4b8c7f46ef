/** The end of access to a host: at the exact second, in words, with nothing left running (DESIGN §3; requirements 11 and 12). */
import { execFileSync, spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingSshd } from './lab.ts'
import { now, WAYS_TO_END } from '../ways-to-end.ts'
import { type SshWorld, startSshWorld } from './world.ts'
import { until } from '../../support/wait.ts'

interface Running {
  readonly ended: Promise<{ code: number | null; at: number; out: string; err: string }>
  write(text: string): void
}

function ssh(config: string, args: readonly string[]): Running {
  const child = spawn('ssh', ['-F', config, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return {
    ended: new Promise(resolve => {
      child.once('close', code => resolve({ code, at: performance.now(), out, err }))
    }),
    write: text => void child.stdin.write(text),
  }
}

/** Ids of processes of the account whose command line has these words. */
function running(account: string, words: string): readonly string[] {
  try {
    return execFileSync('pgrep', ['-u', account, '-f', words], { encoding: 'utf8' }).trim().split('\n')
  } catch {
    return []
  }
}

describe.skipIf(missingSshd.length > 0)('the end of access to a host', () => {
  let world: SshWorld
  beforeAll(async () => {
    world = await startSshWorld()
  })
  afterAll(() => world.close())

  const table: string[] = []
  afterAll(() =>
    console.log(
      `\nms from the end to what the client saw, and until nothing was left\n${table.join('\n')}\n`,
    ),
  )

  it.each(WAYS_TO_END)(
    '$way ends `sleep 600` in every kind of session, says why, and nothing is left',
    async ({ way: end, for: length, trigger, says }) => {
      const { api, grant, way } = await world.enter(length === undefined ? {} : { for: length })
      const mark = `600.${Math.floor(Math.random() * 1e9)}`
      // This one ends at once; what it left behind lives on until the grant ends.
      const left = await ssh(way.config, ['web-1', `setsid nohup sleep ${mark}5 >/dev/null 2>&1 & echo left`])
        .ended
      expect(left.out).toBe('left\n')
      const kinds = {
        command: ssh(way.config, ['web-1', `sleep ${mark}1`]),
        terminal: ssh(way.config, ['-tt', 'web-1']),
        stubborn: ssh(way.config, [
          'web-1',
          `sh -c 'trap "" TERM HUP INT; sleep ${mark}3; sleep ${mark}4' & wait`,
        ]),
      }
      kinds.terminal.write(`sleep ${mark}2\n`)
      for (const which of [1, 2, 3, 5])
        await until(
          () => running(world.sshd.account, `sleep ${mark}${which}`).length > 0,
          `sleep ${which} runs`,
        )
      const exact = await trigger(world, { api, grant, target: 'web-1' })
      const seen: string[] = []
      for (const [kind, session] of Object.entries(kinds)) {
        const { at, out, err, code } = await session.ended
        seen.push(`${kind} ${Math.round(at - exact)}`)
        expect(`${out}${err}`).toMatch(says)
        expect(code).toBe(255)
        expect(at).toBeGreaterThan(exact - 50)
      }
      await until(() => running(world.sshd.account, `sleep ${mark}`).length === 0, 'nothing is left')
      table.push(`${end}: ${seen.join(', ')}; nothing left ${Math.round(now() - exact)}`)
      // Whoever comes back with the same key is told why.
      expect((await ssh(way.config, ['web-1', 'true']).ended).err).toContain('breakglass:')
    },
  )
})
