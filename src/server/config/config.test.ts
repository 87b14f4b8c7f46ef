import { mkdtempSync, writeFileSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault } from '../../kernel/faults.ts'
import type { Config } from './config.ts'
import { loadConfig } from './load-config.ts'
import type { ConfigProblem } from './problem.ts'
import { configJsonSchema } from './schema.ts'
import { readSecrets, Secret } from './secret.ts'
import { formatAddress, parseAddress, parseSize } from './units.ts'

const SMALL = `organisation: acme
owners: { people: [ana, ben], count: 2 }
`

const FULL = `${SMALL}data: ./log
public_url: http://localhost:7070/
listen: { api: 127.0.0.1:0, postgres: 127.0.0.1:0 }
roles: { audit: { groups: [security] } }
targets:
  orders-db:
    protocol: postgres
    address: db1.acme.internal:5432
    database: orders
    services: [orders, checkout]
    login: { user: breakglass, password: { env: ORDERS_DB_PASSWORD } }
    tls: verify-full
    scopes:
      repair: { privileges: [{ on: public.orders, allow: [select, update] }], hide: [payments.card_number] }
      owner: { as: orders_owner }
incidents:
  pager: { source: webhook, secret: [{ env: A }, { file: pager.key }], people: { ana@acme.example: ana }, severity: { P1: 1 } }
alerts:
  security: [{ channel: webhook, url: https://soc.acme.example/hook, secret: { env: SOC_SECRET } }]
alerts_always: [security]
alerts_allow: [127.0.0.1, 10.0.0.0/8]
`

function folderWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bg-config-'))
  writeFileSync(join(folder, 'breakglass.yaml'), text)
  return folder
}

const load = (text: string): Config => loadConfig(folderWith(text))

function problemsOf(text: string): readonly ConfigProblem[] {
  try {
    load(text)
  } catch (error) {
    if (isFault(error, 'config.invalid')) return error.facts['problems'] as readonly ConfigProblem[]
    throw error
  }
  throw new Error('was accepted')
}

describe('breakglass.yaml', () => {
  it('fills in defaults and makes paths absolute', () => {
    const folder = folderWith(SMALL)
    const config = loadConfig(folder)
    expect(config.data).toBe(join(folder, 'data'))
    expect(config.keys).toBe(join(folder, 'keys'))
    expect(config.listen).toEqual({
      api: { host: '127.0.0.1', port: 7070 },
      protocols: { postgres: { host: '127.0.0.1', port: 7432 } },
    })
    expect(config.ledger.segmentBytes).toBe(16 * 1024 * 1024)
    expect(config.publicUrl).toBeUndefined()
  })

  it('listens for SSH as soon as a target speaks it', () => {
    const web = `${SMALL}targets:\n  web-1: { protocol: ssh, address: "web1:22", host_keys: [ssh-ed25519 AAAA], scopes: { deploy: { as: deploy } } }\n`
    const config = load(web)
    expect(config.listen.protocols['ssh']).toEqual({ host: '127.0.0.1', port: 7022 })
    expect(config.targets.get('web-1')).toMatchObject({
      settings: { host_keys: ['ssh-ed25519 AAAA'] },
      scopes: { deploy: { as: 'deploy' } },
    })
    expect(load(`${web}listen: { ssh: 127.0.0.1:2222 }\n`).listen.protocols['ssh']?.port).toBe(2222)
    expect(problemsOf(`${web}listen: { api: 127.0.0.1:7022 }\n`)[0]?.message).toContain(
      'listen.ssh: 127.0.0.1:7022 is also the address of api',
    )
  })

  it('requirement 7: without roles nobody administers, locks, audits or revokes', () => {
    expect(load(SMALL).roles).toEqual({
      administer: { people: [], groups: [] },
      lock: { people: [], groups: [] },
      audit: { people: [], groups: [] },
      revoke: { people: [], groups: [] },
    })
  })

  it('keeps the fields of a protocol apart from the words every target has', () => {
    const target = load(FULL).targets.get('orders-db')
    expect(target).toMatchObject({
      name: 'orders-db',
      environment: 'production',
      services: ['orders', 'checkout'],
    })
    expect(Object.keys(target?.settings ?? {}).sort()).toEqual(['database', 'login', 'tls'])
    expect(target?.scopes['owner']).toEqual({ as: 'orders_owner' })
    expect(readSecrets(target?.settings, { ORDERS_DB_PASSWORD: 'x1' })).toEqual({
      database: 'orders',
      login: { user: 'breakglass', password: 'x1' },
      tls: 'verify-full',
    })
  })

  it.each([
    ['an unknown key', `${SMALL}organization: x\n`, 3, 1, 'organization: is not known here'],
    [
      'an unknown key below',
      `${SMALL}ledger:\n  segments: 1MiB\n`,
      4,
      3,
      'ledger.segments: is not known here',
    ],
    [
      'an unknown provider of identities',
      `${SMALL}identity: { oidc: { issuer: x } }\n`,
      3,
      13,
      'identity.oidc: is not known here',
    ],
    ['a missing field', `data: ./d\nowners: { people: [ana] }\n`, 1, 1, 'organisation: is missing'],
    [
      'a wrong type',
      `${SMALL}alerts_single_channel: maybe\n`,
      3,
      1,
      'alerts_single_channel: expected boolean',
    ],
    ['an address without port', `${SMALL}listen:\n  api: localhost\n`, 4, 3, 'listen.api: an address'],
    ['a port beyond the range', `${SMALL}listen:\n  api: localhost:70000\n`, 4, 3, 'listen.api: an address'],
    [
      'two listeners on one address',
      `${SMALL}listen:\n  api: 127.0.0.1:7432\n`,
      3,
      1,
      'listen.postgres: 127.0.0.1:7432 is also',
    ],
    [
      'a secret in plain text',
      `${SMALL}targets:\n  db: { protocol: postgres, address: "h:1", login: { password: hunter2 } }\n`,
      4,
      54,
      'targets.db.login.password: holds a secret',
    ],
    [
      'a secret of two sources',
      `${SMALL}alerts:\n  a:\n    - { channel: webhook, url: "https://x.example", secret: { env: A, file: b } }\n`,
      5,
      53,
      'a secret by reference',
    ],
    [
      'a scope of two kinds',
      `${SMALL}targets:\n  db:\n    protocol: postgres\n    address: h:1\n    scopes:\n      all: { as: x, privileges: [{ on: a, allow: [b] }] }\n`,
      8,
      7,
      'targets.db.scopes.all: a scope has either',
    ],
    [
      'a webhook without secret',
      `${SMALL}incidents:\n  p: { source: webhook }\n`,
      4,
      3,
      'incidents.p: a webhook needs',
    ],
    [
      'a severity out of range',
      `${SMALL}incidents:\n  p: { source: webhook, secret: { env: A }, severity: { P0: 0 } }\n`,
      4,
      57,
      'incidents.p.severity.P0',
    ],
    [
      'more owners needed than there are',
      'organisation: acme\nowners: { people: [ana], count: 2 }\n',
      2,
      1,
      'owners: `count` is larger',
    ],
    [
      'the same owner twice',
      'organisation: acme\nowners: { people: [ana, ana], count: 2 }\n',
      2,
      1,
      'owners: every owner once',
    ],
    [
      'an alert destination nobody defined',
      `${SMALL}alerts_always: [security]\n`,
      3,
      17,
      'alerts_always.0: no destination security',
    ],
    ['the keys inside the data', `${SMALL}keys: ./data/keys\n`, 3, 1, 'keys: lies inside `data`'],
    [
      'http across the network',
      `${SMALL}public_url: http://bg.acme.example\n`,
      3,
      1,
      'public_url: plain http is only for localhost',
    ],
    [
      'a public url with a path',
      `${SMALL}public_url: https://acme.example/bg\n`,
      3,
      1,
      'public_url: must be an origin',
    ],
    [
      'a target whose name is no name',
      `${SMALL}targets:\n  "a b": { protocol: postgres, address: "h:1" }\n`,
      4,
      3,
      'targets.a b: the name is not a name',
    ],
    ['a key twice', `${SMALL}organisation: b\n`, 3, 1, 'unique'],
    ['broken YAML', `${SMALL}data: [\n`, 4, 1, 'Flow'],
    ['an empty file', '', 1, 1, 'organisation: is missing'],
    ['a list', '- a\n', 1, 1, 'expected object'],
  ])('names file, line and column of %s', (_what, text, line, column, words) => {
    expect(problemsOf(text)).toContainEqual(
      expect.objectContaining({
        file: expect.stringMatching(/breakglass\.yaml$/),
        line,
        column,
        message: expect.stringContaining(words),
      }),
    )
  })

  it('lists every problem at once', () => {
    expect(problemsOf('owners: { people: [] }\nfoo: 1\nbar: 2\n').map(problem => problem.message)).toEqual(
      expect.arrayContaining([
        'organisation: is missing',
        expect.stringContaining('owners.people: at least one owner'),
        'foo: is not known here',
        'bar: is not known here',
      ]),
    )
  })

  it('says what to do when there is no file', () => {
    expect(() => loadConfig(mkdtempSync(join(tmpdir(), 'bg-config-')))).toThrow(
      expect.objectContaining({ code: 'config.invalid', next: expect.stringContaining('breakglass init') }),
    )
  })

  it('attack 13: any text is read or refused with a place, never an unexpected error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.boolean(), (text, after) => {
        const problems = problemsOf(after ? `${SMALL}x${text}` : text)
        expect(problems.length).toBeGreaterThan(0)
        for (const { line, column } of problems) {
          expect(line).toBeGreaterThan(0)
          expect(column).toBeGreaterThan(0)
        }
      }),
      {
        examples: [
          ['\u0000', false],
          ['&a [*a,*a]', false],
          ['__proto__: { a: 1 }', false],
        ],
        numRuns: 60,
      },
    )
  })

  it('is described by the published JSON Schema', async () => {
    // `npx vitest run src/server/config -u` writes it again after a change of schema.ts.
    await expect(`${JSON.stringify(configJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
      '../../../schema/breakglass.schema.json',
    )
  })
})

describe('a secret', () => {
  it('is read when it is used, and names what is missing', () => {
    const secret = new Secret({ env: 'BG_TEST_SECRET' }, 'targets.db.login.password')
    expect(secret.read({ BG_TEST_SECRET: 'x' })).toBe('x')
    expect(() => secret.read({})).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        message: expect.stringContaining('BG_TEST_SECRET is not set'),
      }),
    )
    expect(() => secret.read({ BG_TEST_SECRET: '' })).toThrow(/is empty/)
  })

  it('comes from a file of the server only', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'bg-secret-')), 'pw')
    const secret = new Secret({ file }, 'x')
    expect(() => secret.read()).toThrow(/cannot be read \(ENOENT\)/)
    writeFileSync(file, 'hunter2\n', { mode: 0o600 })
    expect(secret.read()).toBe('hunter2')
    chmodSync(file, 0o644)
    expect(() => secret.read()).toThrow(expect.objectContaining({ next: `Run \`chmod 600 ${file}\`.` }))
  })

  it('requirement 20: is never printed', () => {
    process.env['BG_TEST_PRINTED'] = 'hunter2'
    const secret = new Secret({ env: 'BG_TEST_PRINTED' }, 'x')
    for (const shown of [String(secret), JSON.stringify({ secret }), inspect({ secret }, { depth: 5 })])
      expect(shown).not.toContain('hunter2')
    delete process.env['BG_TEST_PRINTED']
  })
})

describe('units', () => {
  it('reads addresses and writes them back', () => {
    expect(parseAddress('[::1]:7070')).toEqual({ host: '::1', port: 7070 })
    for (const wrong of ['', ':1', 'h', 'h:', 'h:x', 'h:1:2', '::1:7070', 'a b:1', 'h\n:1', 'h:65536'])
      expect(parseAddress(wrong)).toBeUndefined()
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())
    fc.assert(
      fc.property(host, fc.nat(65_535), (host, port) => {
        expect(parseAddress(formatAddress({ host, port }))).toEqual({ host, port })
      }),
    )
  })

  it('reads sizes', () => {
    expect(parseSize('16MiB')).toBe(16_777_216)
    expect(parseSize('64 KiB')).toBe(65_536)
    for (const wrong of ['16', '16MB', 'MiB', '-1B', '1.5GiB']) expect(parseSize(wrong)).toBeUndefined()
  })
})
