import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../../src/kernel/target.ts'
import { createSshProtocol } from '../../../src/protocols/ssh/index.ts'
import type { CheckLine } from '../../../src/target/protocol.ts'
import { hostOf, missingSshd, publicLine, startSshd, type Sshd } from './lab.ts'

const run = promisify(execFile)
const ca = generateKeyPairSync('ed25519').privateKey
const hostKey = generateKeyPairSync('ed25519').privateKey
const protocol = createSshProtocol({ hostKey, ca, now: () => Date.now(), dialTimeoutMs: 5000 })

const targetAt = (sshd: Sshd, over: Partial<Target> = {}): Target => ({
  ...hostOf(sshd),
  scopes: { deploy: { as: sshd.account }, reader: { as: sshd.reader } },
  ...over,
})
const failed = (lines: readonly CheckLine[], level: string) =>
  lines.filter(line => !line.ok && line.level === level).map(({ what }) => what)

describe.skipIf(missingSshd.length > 0)('the plan and the check of a host', () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd({ bare: true, config: ['MaxSessions 4'] })
  })
  afterAll(() => sshd.stop())

  /** Runs the plan as root would, but for where its files lie and which server is reloaded. */
  const install = async (target: Target) => {
    const etc = join(sshd.folder, 'etc')
    mkdirSync(etc, { recursive: true })
    const script = join(sshd.folder, 'plan.sh')
    const here = [
      `sshd() { /usr/sbin/sshd -f ${join(sshd.folder, 'sshd_config')} "$@"; }`,
      `systemctl() { kill -HUP ${sshd.pid}; }`,
    ]
    writeFileSync(script, [...here, protocol.plan(target).replaceAll('/etc/ssh', etc)].join('\n'))
    const loads = () => sshd.log().split('Server listening').length
    const before = loads()
    const done = await run('sh', [script]).then(
      ({ stderr }) => ({ code: 0, err: stderr }),
      (cause: { code: number; stderr: string }) => ({ code: cause.code, err: cause.stderr }),
    )
    await expect.poll(loads).toBe(before + 1)
    return done
  }

  it('before the plan nothing opens, and the check says what to do', async () => {
    const lines = await protocol.check(targetAt(sshd))
    expect(lines[0]).toMatchObject({
      ok: false,
      level: 'must',
      what: expect.stringContaining('does not accept our certificate') as string,
    })
    expect(lines.every(({ ok, next }) => ok || next !== undefined)).toBe(true)
    expect(JSON.stringify(lines)).toContain('target plan web-1')
  })

  it('the plan run twice makes a host of which the check has nothing to say', async () => {
    const target = targetAt(sshd)
    expect(await install(target)).toEqual({ code: 0, err: '' })
    expect(await install(target)).toEqual({ code: 0, err: '' })
    const principals = readFileSync(join(sshd.folder, 'etc/breakglass/principals', sshd.account), 'utf8')
    expect(principals.split('\n')).toContain('breakglass/web-1/deploy')
    await expect.poll(async () => failed(await protocol.check(target), 'must')).toEqual([])
    const lines = await protocol.check(target)
    expect(failed(lines, 'should')).toEqual([])
    expect(lines.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/has the pinned host key \(OpenSSH_/),
        `${sshd.account}: opens for our certificate`,
        `${sshd.account}: BREAKGLASS_LOGIN arrives`,
        `${sshd.account}: sftp is there`,
        `${sshd.account}: a forced command is all that runs`,
        `${sshd.account}: agent forwarding is refused without permission`,
        `${sshd.account}: port forwarding is refused without permission`,
        `${sshd.account}: a certificate for another scope is refused`,
        `${sshd.account}: a certificate that has ended is refused`,
        `${sshd.account}: one connection carries 4 sessions at once (MaxSessions)`,
      ]),
    )
  })

  it('a second target on the same host adds its principals, and a scope that is gone takes its own', async () => {
    const second = targetAt(sshd, { name: 'web-2', scopes: { ops: { as: sshd.account } } })
    await install(targetAt(sshd))
    await install(second)
    const principals = () =>
      readFileSync(join(sshd.folder, 'etc/breakglass/principals', sshd.account), 'utf8')
    expect(principals()).toContain('breakglass/web-1/deploy\nbreakglass/web-2/ops')
    await install({ ...second, scopes: {} })
    expect(principals()).not.toContain('web-2')
    await install(targetAt(sshd))
  })

  it('another host than the pinned one is named with the key it presents, and nothing else is asked of it', async () => {
    const [line, ...more] = await protocol.check(
      targetAt(sshd, { settings: { host_keys: [publicLine(hostKey)] } }),
    )
    expect(line).toMatchObject({
      ok: false,
      level: 'must',
      what: expect.stringContaining(sshd.hostKeyLine) as string,
    })
    expect(more).toEqual([])
  })

  it('nobody there, a wrong setting, no scopes: one line each', async () => {
    const nobody = await protocol.check(targetAt(sshd, { address: '127.0.0.1:1' }))
    expect(nobody).toMatchObject([
      { ok: false, level: 'must', what: expect.stringContaining('ECONNREFUSED') as string },
    ])
    expect(await protocol.check(targetAt(sshd, { settings: {} }))).toMatchObject([
      { ok: false, level: 'must' },
    ])
    expect(await protocol.check(targetAt(sshd, { scopes: {} }))).toMatchObject([{ ok: false, level: 'must' }])
  })
})

describe.skipIf(missingSshd.length > 0)('hosts that are set up otherwise', () => {
  const open: Sshd[] = []
  afterAll(() => Promise.all(open.map(sshd => sshd.stop())))
  const started = async (options: Parameters<typeof startSshd>[0]) => {
    const sshd = await startSshd({ ca, ...options })
    open.push(sshd)
    return sshd
  }

  it('authorized_keys with cert-authority and principals does as well', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bg-keys-'))
    chmodSync(folder, 0o755)
    const keys = join(folder, 'keys')
    writeFileSync(keys, `cert-authority,principals="breakglass/web-1/deploy" ${publicLine(ca)}\n`)
    const config = [`AuthorizedKeysFile ${keys}`, 'AcceptEnv BREAKGLASS_LOGIN']
    const sshd = await started({ bare: true, config })
    const lines = await protocol.check(targetAt(sshd, { scopes: { deploy: { as: sshd.account } } }))
    rmSync(folder, { recursive: true })
    expect(failed(lines, 'must')).toEqual([])
  })

  it('the plan leaves a host alone that trusts other authorities', async () => {
    const sshd = await started({ bare: true, config: ['TrustedUserCAKeys /etc/hosts'] })
    const script = join(sshd.folder, 'plan.sh')
    writeFileSync(
      script,
      `sshd() { /usr/sbin/sshd -f ${join(sshd.folder, 'sshd_config')} "$@"; }\n${protocol.plan(targetAt(sshd)).replaceAll('/etc/ssh', join(sshd.folder, 'etc'))}`,
    )
    await expect(run('sh', [script])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /Nothing was changed.*trustedusercakeys \/etc\/hosts.*cert-authority,principals="breakglass\/web-1\/deploy"/s,
      ) as string,
    })
  })

  it('one session at a time is enough: the next waits until the host has reaped the one before', async () => {
    const sshd = await started({ config: ['MaxSessions 1'] })
    const target = targetAt(sshd, { scopes: { deploy: { as: sshd.account } } })
    const lines = await protocol.check(target)
    expect(failed(lines, 'must')).toEqual([])
    expect(lines.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        `${sshd.account}: sftp is there`,
        `${sshd.account}: one connection carries 1 session at once (MaxSessions)`,
      ]),
    )
  })

  it.each<[string, readonly string[], string]>([
    [
      'no AcceptEnv',
      ['AcceptEnv LANG'],
      'BREAKGLASS_LOGIN does not arrive: nobody could tell what a login runs',
    ],
    ['a forced command of its own', ['ForceCommand echo closed'], '/bin/sh runs nothing for us'],
  ])('%s is found', async (_, config, what) => {
    const sshd = await started({ config, noEnvironment: true })
    const lines = await protocol.check(targetAt(sshd, { scopes: { deploy: { as: sshd.account } } }))
    expect(failed(lines, 'must')).toContain(`${sshd.account}: ${what}`)
  })
})
