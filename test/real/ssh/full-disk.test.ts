/** The record cannot be written: what a strict procedure then does on a host (attack 8, requirement 20). A real disk that is full. */
import { execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicBlob } from '../../../src/protocols/ssh/keys/public-blob.ts'
import { missing } from '../servers/missing.ts'
import { run } from './client-stand.ts'
import { missingSshd } from './lab.ts'
import { RawSshClient } from './raw-client.ts'
import { type SshWorld, startSshWorld } from './world.ts'

const ROOT = process.getuid?.() === 0
/** Whether the session or the whole gateway notices first. */
const STOPPED = /what happens here cannot be recorded|the record of this session cannot be written/
const PADDING = ` # ${'x'.repeat(2000)}`

describe.skipIf(!ROOT || missingSshd.length > 0 || missing('postgres15').length > 0)(
  'a host whose record is full',
  () => {
    let world: SshWorld
    let disk = ''
    const marks = mkdtempSync(join(tmpdir(), 'bg-full-'))
    chmodSync(marks, 0o777)

    beforeAll(async () => {
      world = await startSshWorld({
        config: text => `${text}ledger: { segment: 64KiB }\n`,
        async prepare(_target, folder) {
          disk = join(folder, 'data')
          mkdirSync(disk, { recursive: true })
          execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk])
        },
      })
    })
    afterAll(async () => {
      // Away before the folder is: what the server still writes to nobody reads.
      execFileSync('umount', ['-l', disk])
      await world.close()
      rmSync(marks, { recursive: true, force: true })
    })

    /** Everything that is on record of the sessions of a grant, as text. */
    const record = async (grant: string): Promise<string> => {
      const priya = await world.signIn('priya')
      const { sessions } = await priya.get<{ sessions: { id: string }[] }>(`/v1/sessions?grant=${grant}`)
      const texts = sessions.map(async ({ id }) => {
        const headers = { authorization: `Bearer ${priya.token}` }
        return (await fetch(`${world.server.url}/v1/sessions/${id}/actions`, { headers })).text()
      })
      return (await Promise.all(texts)).join('\n')
    }

    it('attack 8: sessions stop and say why, nothing ran that is not on record, nobody gets in, the alert goes out; with room all goes on', async () => {
      const { api, grant, way } = await world.enter()
      const key = generateKeyPairSync('ed25519').privateKey
      const login = await api.post<{ login: string; port: number; host_keys: readonly string[] }>(
        `/v1/grants/${grant}/credential`,
        { public_key: `ssh-ed25519 ${publicBlob(key).toString('base64')}` },
      )
      const pin = Buffer.from(login.host_keys[0]?.split(' ').at(-1) ?? '', 'base64')
      const commands = await RawSshClient.connect(login.port, pin)
      expect(await commands.proveKey(login.login, key)).toBe(true)
      const leave = async (mark: string): Promise<void> => {
        const channel = await commands.start('exec', `mkdir ${marks}/${mark}${PADDING}`)
        await commands.until(() => channel.state === 'over')
      }
      const shell = spawn('ssh', ['-F', way.config, '-tt', 'web-1'])
      let shown = ''
      shell.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()))
      shell.stdin.on('error', () => undefined)
      const shellEnded = new Promise<number | null>(resolve => shell.once('close', resolve))
      shell.stdin.write('echo rea""dy\r')
      await expect.poll(() => shown).toContain('ready')
      await leave('before')

      const ballast = join(disk, 'ballast')
      execFileSync('bash', ['-c', `dd if=/dev/zero of=${ballast} bs=4k status=none 2>/dev/null || true`])
      for (let n = 0; n < 2000 && !commands.closed; n++) {
        shell.stdin.write(`mkdir ${marks}/typed${1000 + n}\r`)
        await leave(`piped${1000 + n}`).catch(() => undefined)
      }
      await commands.untilClosed()
      expect(commands.words.join()).toMatch(STOPPED)
      expect(await shellEnded).toBe(255)
      expect(shown).toMatch(STOPPED)
      await expect.poll(() => world.receiver.received.some(({ type }) => type === 'ledger_full')).toBe(true)

      // The recorder cannot start: refused before the target is dialled, in words.
      const refused = await run('ssh', ['-F', way.config, 'web-1', `mkdir ${marks}/refused`])
      expect(refused).toMatchObject({ code: 255, out: '' })
      expect(refused.err).toMatch(/disk is full|recorded/)

      rmSync(ballast)
      await expect.poll(() => fetch(`${world.server.url}/v1/health`).then(({ status }) => status)).toBe(200)
      const after = await run('ssh', ['-F', way.config, 'web-1', `mkdir ${marks}/after; echo on`])
      expect(after).toMatchObject({ code: 0, out: 'on\n' })

      const told = await record(grant)
      const ran = readdirSync(marks)
      expect(ran).toEqual(expect.arrayContaining(['before', 'after', 'piped1000', 'typed1000']))
      expect(ran).not.toContain('refused')
      expect(ran.filter(mark => !told.includes(`${marks}/${mark}`))).toEqual([])
    })
  },
)
