import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Target } from '../../../kernel/target.ts'
import { sshLine } from '../../../kernel/ssh-key.ts'
import { publicBlob } from '../keys/public-blob.ts'
import { readSettings } from './settings.ts'
import { isSourceAddress } from './source-address.ts'

const blob = publicBlob(generateKeyPairSync('ed25519').publicKey)
const line = sshLine(blob, 'root@web-1')
const target = (over: Partial<Target> = {}): Target => ({
  name: 'web-1',
  protocol: 'ssh',
  address: 'web-1.internal:22',
  environment: 'production',
  services: [],
  scopes: { deploy: { as: 'deploy' }, root: { as: 'root' } },
  settings: { host_keys: [line] },
  ...over,
})

describe('settings of an ssh target', () => {
  it('are its address, its pinned host keys and the account of each scope', () => {
    expect(readSettings(target())).toEqual({
      target: 'web-1',
      host: 'web-1.internal',
      port: 22,
      hostKeys: [blob],
      sourceAddresses: undefined,
      accounts: new Map([
        ['deploy', 'deploy'],
        ['root', 'root'],
      ]),
    })
    const one = target({
      address: '[2001:db8::1]:2222',
      settings: { host_keys: [line, line], source_address: '10.1.0.0/16' },
    })
    expect(readSettings(one)).toMatchObject({
      host: '2001:db8::1',
      port: 2222,
      sourceAddresses: ['10.1.0.0/16'],
    })
  })

  it.each<[string, Partial<Target>, RegExp]>([
    ['no host key', { settings: {} }, /^targets\.web-1\.host_keys: a list of host keys/],
    ['an empty list of them', { settings: { host_keys: [] } }, /host_keys: at least one host key/],
    [
      'an RSA key',
      { settings: { host_keys: [line, 'ssh-rsa AAAA'] } },
      /host_keys\.1: Keys of the type ssh-rsa/,
    ],
    [
      'a line of ssh-keyscan',
      { settings: { host_keys: [`web-1 ${line}`] } },
      /host_keys\.0: Something stands before/,
    ],
    ['something unknown', { settings: { host_keys: [line], password: 'x' } }, /password/],
    ['an address without port', { address: 'web-1' }, /address: not of the form host:port/],
    [
      'a source that is a name',
      { settings: { host_keys: [line], source_address: ['gateway'] } },
      /"gateway" is no address/,
    ],
    [
      'a source list that is empty',
      { settings: { host_keys: [line], source_address: [] } },
      /source_address/,
    ],
    [
      'privileges',
      { scopes: { deploy: { privileges: [{ on: '/', allow: ['read'] }] } } },
      /scopes\.deploy: a host has no privileges/,
    ],
    ['no account', { scopes: { deploy: {} } }, /scopes\.deploy\.as: which unix account/],
    [
      'an option for an account',
      { scopes: { deploy: { as: '-oProxyCommand=x' } } },
      /cannot be a unix account/,
    ],
    ['a path for an account', { scopes: { deploy: { as: '../root' } } }, /cannot be a unix account/],
    ['two lines for an account', { scopes: { deploy: { as: 'a\nb' } } }, /cannot be a unix account/],
  ])('%s is refused, by the name of its field', (_, over, message) => {
    try {
      readSettings(target(over))
      expect.unreachable()
    } catch (cause) {
      expect(cause).toMatchObject({
        code: 'config.invalid',
        message: expect.stringMatching(message) as string,
      })
      expect((cause as { next: string }).next).toMatch(/\.$/)
    }
  })
})

describe('a source address', () => {
  it.each([
    '10.1.2.3',
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.1.2.3/32',
    '2001:db8::/32',
    '::1',
    '::/0',
    '::ffff:10.0.0.0/104',
    '2001:db8::1/128',
  ])('%s is one', text => expect(isSourceAddress(text)).toBe(true))
  it.each([
    '',
    'host',
    '10.1.2',
    '10.1.2.3/8',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '!10.0.0.1',
    '10.0.0.*',
    '2001:db8::1/32',
    '::/129',
    'fe80::1%eth0',
    '1.2.3.4,5.6.7.8',
  ])('%j is none', text => expect(isSourceAddress(text)).toBe(false))
})
