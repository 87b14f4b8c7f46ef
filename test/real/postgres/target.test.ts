import { createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterAll, describe, expect, it } from 'vitest'
import { createInspector, createPostgresProtocol } from '../../../src/protocols/postgres/index.ts'
import {
  errorResponse,
  parameterStatus,
  readyForQuery,
  authenticationOk,
  backendKeyData,
} from '../../../src/protocols/postgres/messages/encode.ts'
import { missing } from '../servers/missing.ts'
import { openLab, LOGIN, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'
import { until } from '../../support/wait.ts'

const wanted = missing('postgres15', 'psql', 'openssl')

describe.skipIf(wanted.length > 0)('the way to the target', () => {
  it.each(['md5', 'password', 'scram-sha-256'] as const)('logs in where pg_hba.conf says %s', async auth => {
    const lab = await openLab({ server: { auth } })
    try {
      expect((await lab.psql('select 1')).out).toBe('1\n')
      if (auth !== 'md5') return
      // The verifier we install makes md5 into SCRAM; a role with an md5 password shows the other way.
      await lab.admin(`alter role ${lab.loginName} password '${lab.passage().login.secret}'`)
      expect(
        await lab.admin(
          `select rolpassword like 'md5%' as md5 from pg_authid where rolname = '${lab.loginName}'`,
        ),
      ).toEqual([{ md5: true }])
      expect((await lab.psql('select 2')).out).toBe('2\n')
    } finally {
      await lab.close()
    }
  })

  it('TLS: verify-full checks authority and name, require encrypts, and SCRAM binds to the channel', async () => {
    const inspector = createInspector()
    let lab: Lab | undefined
    try {
      lab = await openLab({ server: { tls: true }, settings: { tls: 'require' }, protocol: { inspector } })
      const { certificate, port } = lab.server
      await lab.client()
      expect(
        await lab.admin(
          `select ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = '${lab.loginName}'`,
        ),
      ).toEqual([{ ssl: true }])
      const dialWith = async (settings: Record<string, unknown>, host = '127.0.0.1') => {
        const protocol = createPostgresProtocol({ inspector })
        const target = {
          ...lab!.target,
          address: `${host}:${port}`,
          settings: { ...lab!.target.settings, ...settings },
        }
        return protocol.check(target)
      }
      const good = await dialWith({ tls: 'verify-full', ca: certificate }, 'localhost')
      expect(good.filter(line => !line.ok && line.level === 'must')).toEqual([])
      expect(good).toContainEqual(
        expect.objectContaining({ ok: true, what: 'connected with TLS (verify-full)' }),
      )
      expect((await dialWith({ tls: 'verify-full' }, 'localhost')).at(-1)).toMatchObject({
        ok: false,
        level: 'must',
      })
    } finally {
      await lab?.close()
    }
  })

  it.skipIf(missing('postgres18').length > 0)('PostgreSQL 18 as the target', async () => {
    const lab = await openLab({ server: { version: 18 } })
    try {
      expect((await lab.psql('show server_version_num')).out).toMatch(/^18/)
      const lines = await lab.protocol.check(lab.target)
      expect(lines.filter(line => !line.ok && line.level === 'must')).toEqual([])
      const control = lab.protocol.control(lab.target)
      const sleeping = lab.psql('select pg_sleep(60)')
      await until(() => lab.sessions.length >= 2 && lab.guard().actions.length > 0)
      await control.disable(lab.loginName)
      expect(await control.terminate(lab.loginName)).toBe(1)
      expect((await sleeping).err).toContain('terminating connection')
      await control.drop(lab.loginName)
      expect(await control.logins()).toEqual([])
    } finally {
      await lab.close()
    }
  })
})

/** A target of our own making, for what no real one does. */
describe.skipIf(wanted.length > 0)('a target that misbehaves', () => {
  const closing: (() => void)[] = []
  afterAll(() => {
    for (const close of closing) close()
  })

  /** Greets every login without asking for a secret, then answers the first message with `answer`. */
  async function fake(answer: (socket: Socket) => void, greeting: readonly Buffer[] = []): Promise<number> {
    const server = createServer(socket => {
      socket.on('error', () => undefined)
      let greeted = false
      socket.on('data', () => {
        if (greeted) return answer(socket)
        greeted = true
        socket.write(
          Buffer.concat([
            authenticationOk(),
            parameterStatus('client_encoding', 'UTF8'),
            ...greeting,
            backendKeyData(1, Buffer.alloc(4)),
            readyForQuery(73),
          ]),
        )
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(() => server.close())
    return (server.address() as AddressInfo).port
  }

  async function through(port: number): Promise<{ lab: Lab; client: RawClient | undefined; says: string }> {
    const lab = await labOf()
    ;(lab.target as { address: string }).address = `127.0.0.1:${port}`
    try {
      const client = await RawClient.login(lab.port, LOGIN, SECRET)
      return { lab, client, says: '' }
    } catch (cause) {
      return { lab, client: undefined, says: (cause as Error).message }
    }
  }
  let shared: Promise<Lab> | undefined
  const labOf = () => {
    shared ??= openLab().then(lab => {
      closing.push(() => void lab.close())
      return lab
    })
    return shared
  }

  const bytes = (tag: string, length: number, body = Buffer.alloc(0)) => {
    const header = Buffer.alloc(5)
    header.write(tag)
    header.writeInt32BE(length, 1)
    return Buffer.concat([header, body])
  }

  it.each([
    ['an unknown message', bytes('?', 4)],
    ['an impossible length', bytes('C', 1)],
    ['a command tag of a gigabyte', bytes('C', 0x3fffffff)],
    [
      'rows nobody asked for',
      Buffer.concat([
        bytes('C', 4 + 9, Buffer.from('SELECT 1\0')),
        readyForQuery(73),
        bytes('D', 6, Buffer.from([0, 0])),
      ]),
    ],
    ['a BindComplete without a Bind', bytes('2', 4)],
    ['a new authentication request', bytes('R', 8, Buffer.alloc(4))],
    ['replication', bytes('W', 7, Buffer.alloc(3))],
    [
      'attack 14: standard_conforming_strings turned off',
      parameterStatus('standard_conforming_strings', 'off'),
    ],
    ['attack 14: another client_encoding', parameterStatus('client_encoding', 'SJIS')],
  ])('attack 13: %s ends this session only', async (_name, answer) => {
    const { lab, client } = await through(await fake(socket => void socket.write(answer)))
    const session = lab.sessions.at(-1)
    client?.send(say.query('select 1'))
    await client?.untilClosed()
    expect(client?.errors()[0]).toMatch(
      /^08P01 breakglass ended this session: (the target sent|a message with)/,
    )
    await expect(session?.end).resolves.toMatchObject({ reason: 'violation' })
    expect(session?.guard.outcomes.size).toBe(1)
  })

  it('attack 13: an endless row streams through in bounded memory and ends with the session', async () => {
    const piece = Buffer.alloc(65_536, 120)
    let sent = 0
    const port = await fake(socket => {
      socket.write(bytes('D', 0x3ffffff0))
      const more = () => {
        while (!socket.destroyed && socket.write(piece)) sent += piece.length
        if (!socket.destroyed) socket.once('drain', more)
      }
      more()
    })
    const { lab, client } = await through(port)
    client?.stream.pause()
    client?.send(say.query('select 1'))
    await new Promise(resolve => setTimeout(resolve, 400))
    const held = sent
    expect(held).toBeLessThan(48 << 20)
    lab.sessions.at(-1)?.guard.end({ reason: 'expired', text: 'over' })
    await expect(lab.sessions.at(-1)?.end).resolves.toMatchObject({ reason: 'expired' })
    client?.destroy()
  })

  it('a greeting under other settings is refused', async () => {
    const port = await fake(() => undefined, [parameterStatus('standard_conforming_strings', 'off')])
    const { says } = await through(port)
    expect(says).toContain('standard_conforming_strings = off')
  })

  it.each([
    ['nobody listens', async () => 1, /08006 no connection to/],
    [
      'it is full',
      () => refusing('53300', 'sorry, too many clients already'),
      /08006 the target refused the login: sorry, too many clients/,
    ],
    ['it speaks HTTP', () => talking('HTTP/1.1 400 Bad Request\r\n\r\n'), /08006 the target/],
    ['it hangs up', () => talking(''), /08006 no connection to/],
  ])('%s: the client is told in native words', async (_name, start, says) => {
    expect((await through(await start())).says).toMatch(says)
  })

  const talking = async (text: string) => {
    const server = createServer(socket => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(text))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(() => server.close())
    return (server.address() as AddressInfo).port
  }
  const refusing = (code: string, message: string) =>
    talking(errorResponse({ severity: 'FATAL', code, message }).toString('latin1'))
})
