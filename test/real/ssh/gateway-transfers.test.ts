/** Files through the whole gateway to a real sshd: what windows and order make of a transfer. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Statement } from '../../../src/client/answers.ts'
import { isBuilt } from '../breakglass.ts'
import { missing } from '../servers/missing.ts'
import { missingSshd } from './lab.ts'
import { type SshWorld, startSshWorld } from './world.ts'

const PARAMIKO = '/usr/lib/python3/dist-packages/paramiko'

function run(file: string, args: readonly string[], input = ''): Promise<{ code: number; out: Buffer }> {
  return new Promise(resolve => {
    const child = execFile(
      file,
      [...args],
      { timeout: 60_000, maxBuffer: 1 << 26, encoding: 'buffer' },
      (error, out, err) =>
        resolve({ code: error ? Number(error.code ?? 255) : 0, out: Buffer.concat([out, err]) }),
    )
    child.stdin?.end(input)
  })
}

describe.skipIf(missingSshd.length + missing('postgres15').length > 0 || !isBuilt)(
  'files through the gateway',
  () => {
    let world: SshWorld
    beforeAll(async () => {
      world = await startSshWorld({ scope: 'refuse: [file_writes]' })
    })
    afterAll(() => world.close())

    it('hundreds of refusals in one session: each is answered, none waits for room that nobody gives', async () => {
      const { way } = await world.enter()
      const lines = Array.from({ length: 700 }, (_, i) => `-rm /tmp/none-${i}`)
      const ran = await run('sftp', ['-F', way.config, '-b', '-', 'web-1'], `${lines.join('\n')}\n-ls /\n`)
      expect(ran.code).toBe(0)
      expect(ran.out.toString().match(/Permission denied/g)).toHaveLength(700)
      expect(ran.out.toString().match(/breakglass: refused: [^\n]*/g)).toHaveLength(1)
      expect(ran.out.toString()).toContain('/etc')
    })

    it.skipIf(!existsSync(PARAMIKO))(
      'paramiko asks for thousands of pieces at once, in as many messages',
      async () => {
        const { way } = await world.enter()
        // Large enough, and there for every account.
        const file = '/usr/bin/ssh'
        const bytes = readFileSync(file)
        const script = join(import.meta.dirname, 'paramiko-gateway.py')
        const args = [way.port, way.login, way.identity, file, Math.ceil(bytes.length / 128), 128]
        const ran = await run('/usr/bin/python3', [script, ...args.map(String)])
        expect(bytes.length).toBeGreaterThan(5000 * 128)
        expect(ran.out.equals(bytes), ran.out.toString('latin1', 0, 2000)).toBe(true)
        const facts = { read: bytes.length, readSha256: createHash('sha256').update(bytes).digest('hex') }
        const priya = await world.signIn('priya')
        const { matches } = await priya.get<{ matches: { statement: Statement }[] }>(
          `/v1/statements?object=${encodeURIComponent(file)}`,
        )
        const about = (kind: string) => matches.find(({ statement }) => statement.kind === kind)?.statement
        expect(about('sftp_open')).toMatchObject({
          text: file,
          verdict: 'done',
          detail: { flags: 'read', ...facts },
        })
        expect(about('sftp_close')).toMatchObject({ text: file, detail: facts })
      },
    )
  },
)
