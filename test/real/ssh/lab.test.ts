import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingSshd, startSshd, type Sshd } from './lab.ts'

const run = promisify(execFile)

describe.skipIf(missingSshd.length > 0)('a certificate of ours at a real sshd', () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd.stop())

  const ssh = async (identity: string, command: string, ...options: string[]) => {
    const to = `${sshd.account}@127.0.0.1`
    return run('ssh', [...sshd.options(identity), ...options, to, command], {
      env: { ...process.env, BREAKGLASS_LOGIN: 'bg_lab' },
    }).then(
      ({ stdout }) => ({ code: 0, out: stdout.trim(), err: '' }),
      (cause: { code: number; stdout: string; stderr: string }) => ({
        code: cause.code,
        out: cause.stdout.trim(),
        err: cause.stderr.trim(),
      }),
    )
  }
  const now = Math.floor(Date.now() / 1000)

  it('opens the account of its principal, with the login in the environment and the key id in the log', async () => {
    const identity = sshd.identity({ keyId: 'bg_lab s_lab' })
    const seen = await ssh(identity, 'id -un; echo $BREAKGLASS_LOGIN', '-o', 'SendEnv=BREAKGLASS_LOGIN')
    expect(seen).toEqual({ code: 0, out: `${sshd.account}\nbg_lab`, err: '' })
    expect(sshd.log()).toContain('ID bg_lab s_lab (serial 1)')
  })

  it('a forced command runs whatever was asked for', async () => {
    const identity = sshd.identity({ forceCommand: 'echo forced: "$SSH_ORIGINAL_COMMAND"' })
    expect(await ssh(identity, 'id')).toMatchObject({ code: 0, out: 'forced: id' })
  })

  it.each([
    ['another principal', { principals: ['breakglass/web-1/other'] }],
    ['a principal of another target', { principals: ['breakglass/web-2/deploy'] }],
    ['an end in the past', { validAfter: now - 100, validBefore: now - 1 }],
    ['a beginning in the future', { validAfter: now + 100, validBefore: now + 200 }],
    ['another source address', { sourceAddresses: ['192.0.2.0/24'] }],
  ])('%s is refused', async (_, terms) => {
    expect(await ssh(sshd.identity(terms), 'true')).toMatchObject({
      code: 255,
      err: expect.stringContaining('Permission denied') as string,
    })
  })

  it('what its extensions do not permit is refused', async () => {
    const identity = sshd.identity({ extensions: [], sourceAddresses: ['127.0.0.1/32'] })
    expect(await ssh(identity, 'tty', '-tt')).toMatchObject({ err: expect.stringContaining('PTY') as string })
    expect(await ssh(sshd.identity({ extensions: ['permit-pty'] }), 'tty', '-tt')).toMatchObject({
      code: 0,
      out: expect.stringContaining('/dev/pts/') as string,
    })
  })

  it('nothing is left of a server that was stopped, not even what its sessions run', async () => {
    const other = await startSshd()
    const child = spawn('ssh', [
      ...other.options(other.identity()),
      `${other.account}@127.0.0.1`,
      'echo $$; exec sleep 600',
    ])
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const gone = once(child, 'close')
    await other.stop()
    await gone
    expect(Number(line)).toBeGreaterThan(1)
    for (const pid of [other.pid, Number(line)]) {
      await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false)
    }
  })
})
