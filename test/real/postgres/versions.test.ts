import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROTOCOL_3_2 } from '../../../src/protocols/postgres/messages/messages.ts'
import { missing } from '../servers/missing.ts'
import { openLab, LOGIN, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'
import { until } from '../../support/wait.ts'

/** What a version of the server is known by, and how far it goes. */
const VERSIONS = [
  { version: 15, program: 'postgres15', protocol: '3.0', tlsNegotiation: 'postgres' },
  { version: 18, program: 'postgres18', protocol: '3.2', tlsNegotiation: 'direct' },
] as const

describe.each(VERSIONS)(
  'PostgreSQL $version as the target',
  ({ version, program, protocol, tlsNegotiation }) => {
    describe.skipIf(missing(program, 'psql', 'openssl').length > 0)('from end to end', () => {
      const SCOPE = 'bg_scope_shop-db.repair'
      let lab: Lab
      beforeAll(async () => {
        lab = await openLab({
          server: { version, tls: true },
          settings: { tls: 'require', tls_negotiation: tlsNegotiation },
        })
      })
      afterAll(() => lab.close())

      const as = async (user: string, password: string) => {
        const client = new Client({
          host: '127.0.0.1',
          port: lab.server.port,
          user,
          password,
          database: 'shop',
        })
        client.on('error', () => undefined)
        await client.connect()
        return client
      }
      const failing = async () =>
        (await lab.protocol.check(lab.target)).filter(line => !line.ok).map(({ what, next }) => [what, next])

      it(`speaks protocol ${protocol} with the target over ${tlsNegotiation} TLS`, async () => {
        const client = await RawClient.login(lab.port, LOGIN, SECRET, {}, PROTOCOL_3_2)
        // A key of the target's own length reaches it: what runs there is cancelled.
        client.send(say.query('select pg_sleep(30)'))
        const [pid, key] = [client.backend.readInt32BE(0), client.backend.subarray(4)]
        const seen = `select count(*)::int as n from pg_stat_activity join pg_stat_ssl using (pid) where usename = '${lab.loginName}' and ssl and query like '%pg_sleep%' and state = 'active'`
        await until(async () => (await lab.admin(seen))[0]?.['n'] === 1)
        const cancel = await RawClient.connect(lab.port)
        const head = Buffer.alloc(12)
        head.writeInt32BE(12 + key.length)
        head.writeInt32BE(80877102, 4)
        head.writeInt32BE(pid, 8)
        cancel.send(head, key)
        await client.until('Z')
        expect(client.errors()).toEqual(['57014 canceling statement due to user request'])
        expect(lab.facts()).toMatchObject({ protocol, tls: 'on', database: 'shop' })
        client.destroy()
      })

      it('the plan makes a login that is no superuser and has none of the rights of its scopes', async () => {
        const [role] = await lab.admin(
          `select rolsuper, rolcreaterole, pg_has_role('breakglass', '${SCOPE}', 'USAGE') as inherits,
                pg_has_role('breakglass', '${SCOPE}', 'MEMBER WITH ADMIN OPTION') as administers,
                (select array_agg(distinct c) from pg_auth_members m join pg_roles r on r.oid = m.member,
                 unnest(string_to_array(m.roleid::regrole::text, ' ')) c where r.rolname = 'breakglass') is not null as any
         from pg_roles where rolname = 'breakglass'`,
        )
        expect(role).toMatchObject({
          rolsuper: false,
          rolcreaterole: true,
          inherits: false,
          administers: version >= 16,
        })
        const breakglass = await as('breakglass', 'control-secret')
        await expect(breakglass.query('select * from orders')).rejects.toThrow(/permission denied/)
        await breakglass.end()
      })

      it('the plan mends what an earlier plan gave: the scope itself to the login', async () => {
        await lab.admin(`grant "${SCOPE}" to breakglass with admin option`)
        await lab.admin(lab.protocol.plan(lab.target))
        expect(await lab.admin(`select pg_has_role('breakglass', '${SCOPE}', 'USAGE') as inherits`)).toEqual([
          { inherits: false },
        ])
        expect(await failing()).toEqual(
          version < 16
            ? []
            : [
                [
                  'no slots are kept for emergencies (reserved_connections = 0)',
                  expect.stringContaining('reserved_connections = 5') as string,
                ],
              ],
        )
      })

      it('requirement 15: the whole life of a login, whatever it left behind', async () => {
        await lab.protocol.provision(lab.passage({ name: 'bg_life' }))
        const session = await as('bg_life', lab.passage().login.secret)
        expect((await session.query('select session_user, current_user')).rows).toEqual([
          { session_user: 'bg_life', current_user: SCOPE },
        ])
        // It leaves its scope's role and makes things of its own, as CREATE on a schema lets it.
        await lab.admin(`grant create on schema public to "${SCOPE}"`)
        await session.query('reset role; set role none; create table left_behind (id int)')
        await session.query(`create function left_too() returns int language sql as 'select 1'`)
        const running = session.query('select pg_sleep(60)').catch((cause: Error) => cause.message)
        const control = lab.protocol.control(lab.target)
        await control.disable('bg_life')
        expect(await control.terminate('bg_life')).toBe(1)
        expect(await running).toMatch(/terminating connection/)
        await control.drop('bg_life')
        expect(
          await lab.admin(
            `select (select tableowner from pg_tables where tablename = 'left_behind') as owner,
                  (select proowner::regrole::text from pg_proc where proname = 'left_too') as function,
                  (select count(*)::int from pg_roles where rolname = 'bg_life') as roles,
                  pg_has_role('breakglass', '${SCOPE}', 'USAGE') as borrowed`,
          ),
        ).toEqual([{ owner: SCOPE, function: `"${SCOPE}"`, roles: 0, borrowed: false }])
        await lab.admin(
          `drop table left_behind; drop function left_too; revoke create on schema public from "${SCOPE}"`,
        )
      })

      it('check names what is missing and the line of SQL that mends it', async () => {
        const mended = [
          ['alter role breakglass nocreaterole', 'ALTER ROLE "breakglass" CREATEROLE;'],
          ['revoke pg_signal_backend from breakglass', 'GRANT pg_signal_backend TO "breakglass";'],
          [
            `revoke connect on database shop from public, "${SCOPE}"; grant connect on database shop to breakglass`,
            `GRANT CONNECT ON DATABASE "shop" TO "${SCOPE}";`,
          ],
          [`alter role "${SCOPE}" login`, `ALTER ROLE "${SCOPE}" NOLOGIN;`],
          ...(version < 16
            ? []
            : ([
                [
                  `revoke "${SCOPE}" from breakglass cascade`,
                  `GRANT "${SCOPE}" TO "breakglass" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;`,
                ],
                [
                  `grant "${SCOPE}" to breakglass with inherit true`,
                  `GRANT "${SCOPE}" TO "breakglass" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;`,
                ],
                [
                  `alter role breakglass set createrole_self_grant = 'set, inherit'`,
                  `ALTER ROLE "breakglass" SET createrole_self_grant = '';`,
                ],
              ] as const)),
        ] as const
        const before = await failing()
        for (const [harm, line] of mended) {
          await lab.admin(harm)
          expect((await failing()).map(([, next]) => next)).toContain(line)
          await lab.admin(line)
          expect(await failing()).toEqual(before)
        }
      })
    })
  },
)

describe.skipIf(missing('postgres15', 'openssl').length > 0)('direct TLS', () => {
  it('with a server before 17 fails with what to do about it', async () => {
    const lab = await openLab({ server: { tls: true }, settings: { tls: 'require' } })
    try {
      ;(lab.target.settings as Record<string, unknown>)['tls_negotiation'] = 'direct'
      await expect(lab.client()).rejects.toThrow(/TLS/)
      const lines = await lab.protocol.check(lab.target)
      expect(lines.at(-1)).toMatchObject({ ok: false, level: 'must' })
    } finally {
      await lab.close()
    }
  })
})
