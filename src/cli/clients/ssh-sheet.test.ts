import { describe, expect, it } from 'vitest'
import type { ConnectionSheet } from '../../client/answers.ts'
import { readSheet } from './ssh-sheet.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIORmUXnu55mMqUpaHzGZllhq0Nq/InLj7nByNfb8Ksik'
const SHEET: ConnectionSheet = {
  grant: 'g_1',
  target: 'web-1',
  protocol: 'ssh',
  login: 'bg_abcdefgh',
  secret: 's',
  host: '127.0.0.1',
  port: 7022,
  ca: '',
  host_keys: [`[127.0.0.1]:7022 ${KEY}`],
  ends_at: '2026-11-21T10:00:00.000Z',
}

describe('the answer of a server, before it stands in a file of OpenSSH', () => {
  it('is taken when its fields are names', () => {
    expect(readSheet(SHEET)).toMatchObject({ login: 'bg_abcdefgh', hostKeys: [KEY] })
    const two = [`x ${KEY}`, `x ${KEY}`]
    expect(readSheet({ ...SHEET, host_keys: two }).hostKeys).toHaveLength(2)
    for (const host of ['gate.acme.example', '::1', '10.0.0.1'])
      expect(readSheet({ ...SHEET, host }).host).toBe(host)
  })

  it.each([
    ['a host that adds a line', { host: 'gate\n  ProxyCommand touch /tmp/x' }],
    ['a host that is an option', { host: '-oProxyCommand=x' }],
    ['a target that adds a host', { target: 'web-1 *' }],
    ['a login that leads out of its folder', { login: 'bg_../../.ssh' }],
    ['a login that is no login', { login: 'root' }],
    ['a port that is no number', { port: '22\n' as unknown as number }],
    ['a port out of range', { port: 70_000 }],
    ['no host key', { host_keys: [] }],
    ['more host keys than a gateway has', { host_keys: [`x ${KEY}`, `x ${KEY}`, `x ${KEY}`] }],
    ['a second host key that adds a line', { host_keys: [`x ${KEY}`, `x ${KEY}\n* ${KEY}`] }],
    ['a host key that adds a line', { host_keys: [`x ${KEY}\n* ${KEY}`] }],
    ['a host key of another kind', { host_keys: ['x ssh-rsa AAAA'] }],
    ['an end that is no time', { ends_at: 'soon' }],
  ])('attack 13: %s is refused', (_what, change) => {
    expect(() => readSheet({ ...SHEET, ...change })).toThrow(
      expect.objectContaining({ code: 'unavailable', next: expect.stringContaining('status') }),
    )
  })
})
