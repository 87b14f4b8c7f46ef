import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sslRequest, startup } from '../../../src/protocols/postgres/messages/encode.ts'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

const int32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeInt32BE(value, 4 * index)
  return bytes
}

describe.skipIf(missing('postgres15', 'psql').length > 0)('the login of a client', () => {
  let lab: Lab
  const open: RawClient[] = []
  beforeAll(async () => {
    lab = await openLab()
  })
  afterEach(() => {
    for (const client of open.splice(0)) client.destroy()
    lab.failures.length = 0
  })
  afterAll(() => lab.close())
  const raw = async () => {
    const client = await RawClient.connect(lab.port)
    open.push(client)
    return client
  }
  /** A connection in TLS that has said its startup packet; gives what comes until it closes or asks for a proof. */
  const greet = async (parameters: Record<string, string>) => {
    const client = await raw()
    await client.startTls()
    client.listen()
    client.send(startup(parameters))
    await Promise.race([client.until('R').catch(() => undefined), client.untilClosed()])
    return client
  }

  it('TLS is demanded, and the answer says how', async () => {
    const ran = await lab.psql('select 1', { PGSSLMODE: 'disable' })
    expect(ran.code).toBe(2)
    expect(ran.err).toContain('emergency access needs TLS')
    expect(ran.err).toContain('sslmode=require')
    expect((await lab.psql('select 1', { PGSSLMODE: 'prefer' })).out).toBe('1\n')
  })

  it('an unknown login is challenged like a known one, every time with the same salt', async () => {
    const challenge = async (user: string) => {
      const client = await raw()
      await client.startTls()
      client.listen()
      await client.authenticate(user, 'wrong', {}).catch(() => undefined)
      await client.untilClosed()
      return client.errors()
    }
    expect(await challenge('bg_someone')).toEqual([
      '28P01 password authentication failed for user "bg_someone"',
    ])
    const salts = new Set<string>()
    const shapes = new Set<string>()
    for (const user of ['bg_x', 'bg_x', LOGIN]) {
      const client = await raw()
      await client.startTls()
      client.listen()
      client.send(startup({ user }))
      await client.until('R')
      client.received.length = 0
      client.send(say.message('p', 'SCRAM-SHA-256', int32(12), Buffer.from('n,,n=,r=abcd')))
      const { body } = await client.until('R')
      const [, salt = '', iterations] = /s=([^,]+),i=(\d+)$/.exec(body.toString()) ?? []
      salts.add(salt)
      shapes.add(`${salt.length} ${iterations}`)
    }
    expect(salts.size).toBe(2)
    expect(shapes.size).toBe(1)
  })

  it.each(['require', 'disable', 'prefer'])('attack 15: channel binding %s works with psql', async mode => {
    expect((await lab.psql('select 1', { PGCHANNELBINDING: mode })).out).toBe('1\n')
  })

  it('attack 15: GSSENCRequest is answered N and the login goes on', async () => {
    const client = await raw()
    client.socket.write(int32(8, 80877104))
    const [answer] = (await once(client.socket, 'data')) as [Buffer]
    expect(answer.toString()).toBe('N')
    await client.startTls()
    client.listen()
    await client.authenticate(LOGIN, SECRET, {})
    await client.until('Z')
    expect((await lab.psql('select 1', { PGGSSENCMODE: 'prefer' })).out).toBe('1\n')
  })

  it('attack 15: bytes sent behind SSLRequest without waiting are not taken for the client (CVE-2021-23222)', async () => {
    const client = await raw()
    client.listen()
    client.send(sslRequest(), startup({ user: LOGIN }))
    await client.untilClosed()
    expect(client.errors()[0]).toContain('unencrypted data after an encryption request')
  })

  it('attack 15: direct TLS needs its protocol name', async () => {
    const direct = async (alpn: string[] | undefined) => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: lab.port,
        rejectUnauthorized: false,
        ...(alpn ? { ALPNProtocols: alpn } : {}),
      })
      socket.on('error', () => undefined)
      socket.write(startup({ user: LOGIN }))
      const answer = await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => ['failed'])
      socket.destroy()
      return answer[0] instanceof Buffer ? answer[0].toString('latin1', 0, 1) : 'closed'
    }
    expect(await direct(['postgresql'])).toBe('R')
    expect(await direct(undefined)).toBe('closed')
    expect(await direct(['http/1.1'])).toBe('closed')
  })

  /** What is said before the proof: NegotiateProtocolVersion and its fields, or nothing. */
  const negotiated = async (version: number, options: Record<string, string> = {}) => {
    const client = await raw()
    await client.startTls()
    client.listen()
    client.send(startup({ user: LOGIN, ...options }, version))
    await client.until('R')
    const body = client.received.find(one => one.tag === 'v')?.body
    return (
      body && {
        version: body.readInt32BE(0),
        unknown: body.toString('utf8', 8).split('\0').slice(0, body.readInt32BE(4)),
      }
    )
  }
  const V3 = 3 << 16

  it.each([
    ['3.0 is spoken as asked', V3, {}, undefined],
    ['3.1 too, which no server ever had', V3 + 1, {}, undefined],
    ['3.2 too', V3 + 2, {}, undefined],
    ['3.3 becomes 3.2', V3 + 3, {}, { version: V3 + 2, unknown: [] }],
    ['3.9999 becomes 3.2', V3 + 9999, {}, { version: V3 + 2, unknown: [] }],
    [
      'options nobody knows are named, the version stays',
      V3,
      { '_pq_.shiny': 'on', '_pq_.other': '' },
      { version: V3, unknown: ['_pq_.shiny', '_pq_.other'] },
    ],
    [
      'both at once',
      V3 + 9999,
      { '_pq_.test_protocol_negotiation': '' },
      { version: V3 + 2, unknown: ['_pq_.test_protocol_negotiation'] },
    ],
  ] as const)('the protocol: %s', async (_name, version, options, answer) => {
    expect(await negotiated(version, options)).toEqual(answer)
  })

  it.each([
    ['3.0', V3, 4],
    ['3.1', V3 + 1, 4],
    ['3.2', V3 + 2, 32],
  ])(
    'attack 15: a client of %s gets a cancel key of its own length, which cancels its own session only',
    async (_name, version, length) => {
      const mine = await RawClient.login(lab.port, LOGIN, SECRET, {}, version)
      const other = await RawClient.login(lab.port, LOGIN, SECRET, {}, version)
      open.push(mine, other)
      expect(mine.backend).toHaveLength(4 + length)
      const cancel = async (pid: Buffer, key: Buffer) => {
        const client = await raw()
        client.listen()
        client.send(Buffer.concat([int32(12 + key.length, 80877102), pid, key]))
        await client.untilClosed()
      }
      mine.send(say.query('select pg_sleep(30)'))
      const sleeps =
        "select 1 from pg_stat_activity where query ~ '^select pg_sleep' and wait_event = 'PgSleep'"
      await expect.poll(() => lab.admin(sleeps)).toHaveLength(1)
      const [pid, key] = [mine.backend.subarray(0, 4), mine.backend.subarray(4)]
      await cancel(pid, other.backend.subarray(4))
      await cancel(pid, Buffer.concat([key, Buffer.alloc(1)]))
      await cancel(pid, Buffer.from(key.map((byte, at) => (at === 0 ? byte ^ 1 : byte))))
      await new Promise(resolve => setTimeout(resolve, 200))
      expect(mine.tags()).toBe('')
      await cancel(pid, key)
      await mine.until('Z')
      expect(mine.errors()).toEqual(['57014 canceling statement due to user request'])
      expect(await other.ask([say.query('select 1')])).toBe('TDCZ')
    },
  )

  it.each([
    ['another database', { database: 'postgres' }, /this login is for the database "shop" only/],
    [
      'attack 13: a database name with another host in it',
      { database: 'shop host=evil' },
      /this login is for the database/,
    ],
  ])('%s is refused after the proof', async (_name, parameters, says) => {
    const client = await raw()
    await client.startTls()
    client.listen()
    await client.authenticate(LOGIN, SECRET, parameters)
    await client.untilClosed()
    expect(client.errors()[0]).toMatch(says)
  })

  it('the database may be left out, as psql does without -d', async () => {
    expect((await lab.psql('select current_database()', { PGDATABASE: '' })).out).toBe('shop\n')
  })

  it.each([
    ['attack 13: a line break', { user: LOGIN, application_name: 'a\nFATAL' }, 'control character'],
    ['attack 13: a long value', { user: LOGIN, application_name: 'x'.repeat(2000) }, 'too long'],
    ['replication', { user: LOGIN, replication: 'database' }, 'replication connections'],
    [
      'attack 14: standard_conforming_strings off',
      { user: LOGIN, standard_conforming_strings: 'off' },
      'is fixed to on',
    ],
    [
      'attack 14: it in the options',
      { user: LOGIN, options: '-c standard_conforming_strings=off' },
      'is fixed to on',
    ],
    [
      'attack 14: it in the options, the long way',
      { user: LOGIN, options: '--standard-conforming-strings=off' },
      'is fixed to on',
    ],
    [
      'attack 14: it in the options, escaped',
      { user: LOGIN, options: '-c standard_conforming_strin\\gs=off' },
      'is fixed to on',
    ],
    ['another encoding', { user: LOGIN, client_encoding: 'SJIS' }, 'is fixed to utf8'],
    ['attack 14: a role', { user: LOGIN, role: 'postgres' }, 'is not passed on'],
    [
      'attack 14: a session authorization in the options',
      { user: LOGIN, options: '-csession_authorization=postgres' },
      'is not passed on',
    ],
    ['an option that is no setting', { user: LOGIN, options: '-d 5' }, 'is not passed on'],
    ['no user', { database: 'shop' }, 'no user name'],
  ])('a startup packet with %s is refused before any proof', async (_name, parameters, says) => {
    const client = await greet(parameters)
    await client.untilClosed()
    expect(client.tags()).toBe('E')
    expect(client.errors()[0]).toContain(says)
    expect(lab.failures).toHaveLength(1)
  })

  it('harmless settings reach the target', async () => {
    const ran = await lab.psql(['show datestyle', 'show statement_timeout', 'show application_name'], {
      PGDATESTYLE: 'German, DMY',
      PGOPTIONS: '-c statement_timeout=4567 --client-min-messages=warning',
      PGAPPNAME: 'night shift',
    })
    expect(ran.out).toBe('German, DMY\n4567ms\nnight shift\n')
  })

  it.each([
    ['a startup packet of 10 MB', int32(10_000_000, 196608)],
    ['a startup packet of 4 bytes', int32(4)],
    ['a negative length', int32(-1, 196608)],
    ['protocol 2', int32(8, 131072)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a parameter without end', Buffer.concat([int32(17, 196608), Buffer.from('user\0anna')])],
    ['a cancel key of 3 bytes', Buffer.concat([int32(15, 80877102, 1), Buffer.alloc(3)])],
    ['a cancel key of 257 bytes', Buffer.concat([int32(12 + 257, 80877102, 1), Buffer.alloc(257)])],
    ['a parameter twice', Buffer.concat([int32(8 + 15, 196608), Buffer.from('user\0a\0user\0b\0\0')])],
  ])('attack 13: %s ends this connection only', async (_name, bytes) => {
    const client = await raw()
    client.listen()
    client.send(bytes)
    await client.untilClosed()
    expect(client.errors()[0]).toMatch(/^08P01/)
    expect((await lab.psql('select 1')).out).toBe('1\n')
  })

  it.each([
    ['a SASL message of 1 GB', Buffer.concat([Buffer.from('p'), int32(0x3fffffff)])],
    ['a query instead of a proof', say.query('select 1')],
    ['an unknown mechanism', say.message('p', 'PLAIN', int32(0))],
    ['a malformed first message', say.message('p', 'SCRAM-SHA-256', int32(3), Buffer.from('xyz'))],
    ['a length that lies', say.message('p', 'SCRAM-SHA-256', int32(300), Buffer.from('n,,n=,r=a'))],
  ])('attack 13: %s ends this connection only', async (_name, bytes) => {
    const client = await greet({ user: LOGIN })
    client.received.length = 0
    client.send(bytes)
    await client.untilClosed()
    expect(client.errors()[0]).toMatch(/^08P01/)
  })

  it.each([
    ['an unknown message', say.message('y')],
    ['a password in mid-session', say.message('p', 'x')],
    ['an impossible length', Buffer.from([81, 0, 0, 0, 3])],
    ['a Query with bytes behind its text', say.message('Q', Buffer.from('select 1\0; drop table orders\0'))],
    ['a Bind that lies about its values', say.message('B', '', '', Buffer.from([0, 0, 0, 9, 0, 0, 0, 1]))],
    ['a Describe of nothing', say.message('D', Buffer.from('X'), '')],
    ['a Sync of a gigabyte', Buffer.from([83, 0x3f, 0, 0, 0])],
  ])('attack 13: %s ends this session only', async (_name, bytes) => {
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    open.push(client)
    const session = lab.sessions.at(-1)
    client.send(bytes)
    await client.untilClosed()
    expect(client.errors()[0]).toMatch(
      /^08P01 breakglass ended this session: the client sent|^08P01 breakglass ended this session/,
    )
    await expect(session?.end).resolves.toMatchObject({ reason: 'violation' })
  })
})
