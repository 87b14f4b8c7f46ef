/** The end of access to a host: at the exact second, in words, with nothing left running (issue D; requirements 11 and 12). */
import { execFileSync, spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingSshd } from './lab.ts'
import { type SshWorld, startSshWorld } from './world.ts'

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

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`in vain: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

describe.skipIf(missingSshd.length > 0)('the end of access to a host', () => {
  let world: SshWorld
  beforeAll(async () => {
    world = await startSshWorld()
  }, 60_000)
  afterAll(() => world.close())

  it('expiry during `sleep 600`: the exact second, the reason, and the process is gone', async () => {
    const { api, grant, way } = await world.enter({ for: '6s' })
    const mark = `600.${Math.floor(Math.random() * 1e9)}`
    const kinds = {
      command: ssh(way.config, ['web-1', `sleep ${mark}1`]),
      terminal: ssh(way.config, ['-tt', 'web-1']),
      detached: ssh(way.config, [
        'web-1',
        `nohup sh -c 'trap "" TERM HUP; sleep ${mark}3; sleep ${mark}4' >/dev/null 2>&1 & echo started; wait`,
      ]),
    }
    kinds.terminal.write(`sleep ${mark}2\n`)
    for (const which of [1, 2, 3])
      await until(
        () => running(world.sshd.account, `sleep ${mark}${which}`).length > 0,
        `sleep ${which} runs`,
      )
    const { ends_at } = await api.get<{ ends_at: string }>(`/v1/grants/${grant}`)
    const exact = performance.now() + Date.parse(ends_at) - world.clock.now().wall
    const lines: string[] = []
    for (const [kind, session] of Object.entries(kinds)) {
      const { at, out, err, code } = await session.ended
      lines.push(`${kind}: ended ${Math.round(at - exact)} ms after the second, code ${code}`)
      expect(at).toBeGreaterThan(exact - 50)
      expect(at - exact).toBeLessThan(1_000)
      expect(`${out}${err}`).toMatch(/access ended by itself: its time is over \(\d\d:\d\d:\d\d UTC\)/)
    }
    await until(() => running(world.sshd.account, `sleep ${mark}`).length === 0, 'nothing is left')
    lines.push(`nothing left after ${Math.round(performance.now() - exact)} ms`)
    console.log(lines.join('\n'))
  }, 60_000)
})
