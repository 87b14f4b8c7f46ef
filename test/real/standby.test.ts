import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dormantLogins, owedSecret } from '../../src/gateway/dormant-state.ts'
import { freePort } from '../../src/sandbox/free-port.ts'
import { missing } from './servers/missing.ts'
import { type PostgresServer, startPostgres } from './servers/postgres.ts'
import { type Api, libpq, startWorld, type World } from './world.ts'
import { until } from '../support/wait.ts'

const DORMANT = [1, 2].map(n => `bg_dormant_orders-replica.repair.${n}`)
const wanted = missing('postgres15', 'psql', 'openssl')

describe.skipIf(wanted.length > 0)('a standby as the target', () => {
  let world: World
  let standby: PostgresServer
  const open: pg.Client[] = []

  beforeAll(async () => {
    const port = await freePort()
    world = await startWorld({
      config: text =>
        text.replace(/ {2}orders-db:\n([^]*?)(?=incidents:)/, (whole, fields: string) => {
          const address = /address: (\S+)/.exec(fields)?.[1] ?? ''
          const replica = fields
            .replace(address, `127.0.0.1:${port}`)
            .replace(/ {4}ca:.*\n/, '')
            .replace('tls: verify-full', `tls: require\n    primary: ${address}\n    dormant: 2`)
            .replace(/ {6}owner:.*\n/, '')
          return `${whole}  orders-replica:\n${replica}`
        }),
      procedures: {
        'orders-replica': text =>
          text
            .replace('orders-db-emergency', 'orders-replica-emergency')
            .replace('[orders-db]', '[orders-replica]'),
      },
    })
    await world.admin(world.server.planOf('orders-replica'))
    const settings = { max_connections: '400', max_prepared_transactions: '5' }
    standby = await startPostgres({ standbyOf: world.target, port, tls: true, settings })
    await world.restart()
    await armed()
  })
  afterAll(async () => {
    for (const client of open) await client.end().catch(() => undefined)
    await standby.stop()
    await world.close()
  })

  const stateOf = (name: string) => world.server.journal.state.get(dormantLogins, name)
  /** Every dormant login has a secret that nobody has used. */
  const armed = () => until(() => DORMANT.every(name => !owedSecret(stateOf(name), world.clock.now().wall)))
  const secretOf = async (name: string) => {
    const bytes = await world.server.store.vault.get(`dormant/${name}`)
    return (JSON.parse(String(bytes)) as { secret: string }).secret
  }
  /** Past the gateway. */
  const direct = async (server: PostgresServer, user: string, password: string) => {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user, password, database: 'orders' })
    client.on('error', () => undefined)
    open.push(client)
    await client.connect()
    return client
  }
  const onStandby = async (sql: string) => {
    const client = await direct(standby, 'postgres', standby.adminPassword)
    return (await client.query<Record<string, unknown>>(sql)).rows
  }
  const grantOf = async (handle: string): Promise<{ api: Api; grant: string }> => {
    await world.incident()
    world.clock.pass(31_000)
    const api = await world.signIn(handle)
    const ask = { target: 'orders-replica', reason: 'checkout is down' }
    const grant = await api.post<{ id: string; state: string }>('/v1/grants', ask)
    expect(grant.state).toBe('active')
    return { api, grant: grant.id }
  }
  const clientOf = async ({ api, grant }: { api: Api; grant: string }) => {
    const sheet = await world.connect(api, grant)
    const env = libpq(sheet)
    const client = new pg.Client({
      host: sheet.host,
      port: sheet.port,
      user: sheet.login,
      password: sheet.secret,
      database: env['PGDATABASE'],
      ssl: { rejectUnauthorized: false },
    })
    client.on('error', () => undefined)
    open.push(client)
    await client.connect()
    return client
  }
  const whoIs = async (client: pg.Client) =>
    (
      await client.query<Record<string, unknown>>(
        'select session_user as login, current_user as role, pg_is_in_recovery() as standby',
      )
    ).rows[0]
  const failing = async () => {
    const mara = await world.signIn('mara')
    const { lines } = await mara.get<{
      lines: { ok: boolean; level: string; what: string; next?: string }[]
    }>('/v1/targets/orders-replica/check')
    return lines.filter(line => !line.ok && line.level === 'must')
  }

  it('check: it follows its primary, logins can be made there, dormant ones wait', async () => {
    expect(await failing()).toEqual([])
  })

  it('with its primary up, a login is made there and arrives here; the end takes it away', async () => {
    const held = await grantOf('ana')
    const client = await clientOf(held)
    const who = await whoIs(client)
    expect(who).toMatchObject({ role: 'bg_scope_orders-replica.repair', standby: true })
    expect(who?.['login']).toMatch(/^bg_[a-z0-9]+$/)
    await expect(client.query('delete from orders where id = 1')).rejects.toMatchObject({ code: '25006' })
    await held.api.post(`/v1/grants/${held.grant}/close`)
    await until(
      async () =>
        (await world.admin(`select from pg_roles where rolname = '${String(who?.['login'])}'`)).length === 0,
    )
    expect(DORMANT.map(name => stateOf(name)?.used)).toEqual([false, false])
  })

  it('with its primary gone, a grant wakes a dormant login of its own, which is told to the world', async () => {
    const before = await Promise.all(DORMANT.map(secretOf))
    await world.target.halt()
    const [ana, ben] = [await grantOf('ana'), await grantOf('ben')]
    const anas = await clientOf(ana)
    const bens = await clientOf(ben)
    const logins = [await whoIs(anas), await whoIs(bens)].map(who => who?.['login'])
    expect(logins).toEqual(DORMANT)
    expect((await whoIs(anas))?.['role']).toBe('bg_scope_orders-replica.repair')
    await until(
      () => world.receiver.received.filter(one => JSON.stringify(one).includes('dormant.used')).length >= 2,
    )

    // Both in use: the third is told so, and nobody shares a login.
    const third = await grantOf('ana')
    await expect(clientOf(third)).rejects.toThrow(/none of its 2 dormant logins is free/)

    const [problem] = await failing()
    expect(problem?.what).toMatch(/^no connection to the primary 127\.0\.0\.1:\d+/)
    expect(problem?.next).toBe('Until it is back, grants wake dormant logins.')

    // Requirement 14: the end of one ends what runs under it, and nothing of the other.
    const running = anas.query('select pg_sleep(60)').catch((cause: Error) => cause.message)
    await ana.api.post(`/v1/grants/${ana.grant}/close`)
    expect(await running).toMatch(/access was closed|terminat/)
    await until(() => stateOf(DORMANT[0] ?? '')?.grant === undefined)
    expect(await onStandby(`select usename from pg_stat_activity where usename like 'bg_dormant%'`)).toEqual([
      { usename: DORMANT[1] },
    ])
    expect((await whoIs(bens))?.['login']).toBe(DORMANT[1])
    await expect(clientOf(ana)).rejects.toThrow(/is ended/)
    // Free again, though its secret cannot be changed yet.
    expect((await whoIs(await clientOf(third)))?.['login']).toBe(DORMANT[0])

    // After a crash: what still runs under the login of a live grant is ended at the next start.
    await world.server.close()
    const orphan = await direct(standby, DORMANT[1] ?? '', before[1] ?? '')
    const left = orphan.query('select pg_sleep(60)').catch((cause: Error) => cause.message)
    await world.restart()
    expect(await left).toMatch(/terminat/)
    expect((await whoIs(await clientOf(ben)))?.['login']).toBe(DORMANT[1])

    // The primary is back: what was used gets a new secret, what was left is dropped.
    for (const { api, grant } of [ben, third]) await api.post(`/v1/grants/${grant}/close`)
    await world.target.again()
    await armed()
    for (const [at, name] of DORMANT.entries()) {
      await expect(direct(standby, name, before[at] ?? '')).rejects.toThrow(/password authentication failed/)
      await direct(standby, name, await secretOf(name))
    }
    await until(
      async () =>
        (await world.admin(`select from pg_roles where rolname ~ '^bg_[a-z0-9]+$' and rolcanlogin`))
          .length === 0,
    )
    expect(await failing()).toEqual([])
  }, 180_000)

  it('a standby that was promoted makes its own logins', async () => {
    await world.target.halt()
    await onStandby('select pg_promote()')
    const held = await grantOf('ben')
    const who = await whoIs(await clientOf(held))
    expect(who).toMatchObject({ standby: false })
    expect(who?.['login']).toMatch(/^bg_[a-z0-9]+$/)
    await held.api.post(`/v1/grants/${held.grant}/close`)
  })
})
