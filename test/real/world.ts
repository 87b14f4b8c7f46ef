import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as OTPAuth from 'otpauth'
import pg from 'pg'
import { Webhook } from 'standardwebhooks'
import type { Clock, Instant } from '../../src/kernel/clock.ts'
import { loadConfig } from '../../src/server/config/load-config.ts'
import { vaultKeyFile } from '../../src/server/open-store.ts'
import { type RunningServer, startServer } from '../../src/server/start-server.ts'
import { systemClock } from '../../src/server/system-clock.ts'
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts'
import { createVaultKey } from '../../src/store/file/vault-key.ts'
import { freePort } from '../../src/sandbox/free-port.ts'
import { type PostgresServer, startPostgres } from './servers/postgres.ts'

const SECRET = `whsec_${Buffer.alloc(24, 9).toString('base64')}`
export const PASSWORD = 'correct horse battery staple'
const TARGET_PASSWORD = 'of-the-target'

/**
 * The machine's clocks, moved ahead at will: nothing in a test waits for minutes to pass. They begin an hour ago, so that a
 * process with the real clock can take over what a world has prepared (`catchUp`).
 */
export class MovableClock implements Clock {
  readonly #real = systemClock()
  #ahead = -3_600_000
  #wallOnly = 0

  now(): Instant {
    const now = this.#real.now()
    return { ...now, wall: now.wall + this.#ahead + this.#wallOnly, mono: now.mono + this.#ahead }
  }

  pass(ms: number): void {
    this.#ahead += ms
  }

  /** On to the present, less `leave` ms. */
  catchUp(leave = 0): void {
    if (this.#ahead > -leave) throw new Error('the clock of this world is ahead of the present already')
    this.#ahead = -leave
  }

  /** Somebody sets the wall clock; the monotonic one does not care. */
  jumpWall(ms: number): void {
    this.#wallOnly += ms
  }
}

export interface Credential {
  readonly grant: string
  readonly login: string
  readonly secret: string
  readonly host: string
  readonly port: number
  readonly database: string
  readonly caFile: string
}

export interface World {
  readonly clock: MovableClock
  readonly server: RunningServer
  readonly target: PostgresServer
  /** Of the destinations `security` and `pager`. */
  readonly receiver: Receiver
  readonly second: Receiver
  readonly folder: string
  readonly data: string
  /** A command-line token with a fresh second factor. */
  signIn(handle: string): Promise<Api>
  /** A fresh code of somebody's authenticator app; time goes on by one step for it. */
  code(handle: string): string
  /** Ana opens orders-db, or another target, under a signed incident, ready to connect. */
  open(options?: {
    readonly api?: Api
    readonly for?: string
    readonly target?: string
  }): Promise<{ api: Api; grant: string }>
  connect(api: Api, grant: string): Promise<Credential>
  incident(change?: Record<string, unknown>): Promise<void>
  /** As the target's superuser. */
  admin<R extends pg.QueryResultRow>(sql: string): Promise<R[]>
  /** Stops the server and starts it again on the same data. */
  restart(): Promise<void>
  /** Stops the server here; another process may take the data over. */
  handOver(): Promise<void>
  /** Starts the server here again when that process is gone. */
  takeBack(): Promise<void>
  close(): Promise<void>
}

/** HTTP as one person. Throws an error whose message is the problem's text and whose `code` is the fault's. */
export interface Api {
  readonly token: string
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
  delete<T>(path: string): Promise<T>
}

export interface WorldOptions {
  readonly procedure?: (text: string) => string
  /** Further ones by name, each made from the first. */
  readonly procedures?: Readonly<Record<string, (text: string) => string>>
  readonly config?: (text: string) => string
  readonly version?: 15 | 18
  /** Further lines of the target's postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
  /** Clients of this machine may do without TLS. */
  readonly plaintext?: boolean
  /** What the target must have before the plan of its scopes is run, or the organisation's folder before the server starts. */
  readonly prepare?: (target: PostgresServer, folder: string) => Promise<void>
}

const PROCEDURE = `procedure: orders-db-emergency
purpose: Restore ordering when the orders database is what blocks it.
targets: [orders-db]
who: { groups: [payments-oncall] }
when: incident.status == "open" && incident.severity <= 2
verify: { factor: totp, within: 2m }
approval:
  automatic_when: incident.trust == "signed" && incident.declared_by != requester.id
  otherwise: { from: { people: [mara], groups: [incident-commanders] }, count: 1, within: 10m }
scope: { use: repair, refuse: [ddl, write_without_where, do_blocks, side_effect_functions] }
time: { default: 30m, most: 1h, extend: { times: 1, by: 30m } }
evidence: before
limits: { sessions: 300, grants_per_person: 10 }
alert: { to: [security, pager], on: [requested, activated, denied, ended, finding], before_open: false }
review: { from: { groups: [security] }, within: 48h, overdue: refuse_new_requests }
`

function configuration(
  ports: { api: number; gateway: number; target: number },
  alerts: { security: string; pager: string },
  caFile: string,
): string {
  return `organisation: acme
listen: { api: 127.0.0.1:${ports.api}, postgres: 127.0.0.1:${ports.gateway} }
owners: { people: [mara], count: 1 }
roles:
  administer: { people: [mara] }
  lock: { groups: [security] }
  revoke: { groups: [security] }
  audit: { groups: [security] }
targets:
  orders-db:
    protocol: postgres
    address: 127.0.0.1:${ports.target}
    database: orders
    services: [orders]
    login: { user: breakglass, password: { file: ./target-password } }
    tls: verify-full
    ca: ${caFile}
    connections: 300
    scopes:
      repair: { privileges: [{ on: public.orders, allow: [select, insert, update, delete] }, { on: public.notes, allow: [select, insert, update, delete] }] }
      owner: { as: orders_owner }
incidents:
  pager: { source: webhook, secret: { file: ./webhook-secret }, people: { ana@acme.example: ana, ben@acme.example: ben }, severity: { P1: 1 } }
alerts:
  security: [{ channel: webhook, url: "${alerts.security}", secret: { file: ./webhook-secret } }]
  pager: [{ channel: webhook, url: "${alerts.pager}", secret: { file: ./webhook-secret } }]
alerts_allow: [127.0.0.1]
alerts_always: [security]
`
}

/** People of acme: ana and ben on call, mara commands and owns the procedures, priya reviews, eve has no part in anything. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  mara: ['incident-commanders'],
  ana: ['payments-oncall'],
  ben: ['payments-oncall', 'incident-commanders'],
  priya: ['security'],
  eve: [],
}

/** A whole acme on real servers: PostgreSQL, the API, the gateway and a receiver of alerts. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'bg-world-'))
  const target = await startPostgres({
    version: options.version ?? 15,
    tls: true,
    settings: { max_connections: '400', max_prepared_transactions: '5', ...options.settings },
  })
  const receiver = await startReceiver(SECRET)
  const second = await startReceiver(SECRET)
  const ports = { api: await freePort(), gateway: await freePort(), target: target.port }
  const caFile = join(folder, 'target-ca.pem')
  const write = (name: string, text: string): void => {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text, { mode: 0o600 })
  }
  write('target-ca.pem', target.certificate ?? '')
  write('target-password', TARGET_PASSWORD)
  write('webhook-secret', SECRET)
  const procedure = (options.procedure ?? (text => text))(PROCEDURE)
  write('procedures/orders-db.yaml', procedure)
  for (const [name, change] of Object.entries(options.procedures ?? {}))
    write(`procedures/${name}.yaml`, change(procedure))
  const file = join(folder, 'breakglass.yaml')
  write(
    'breakglass.yaml',
    (options.config ?? (text => text))(
      configuration(ports, { security: receiver.url, pager: second.url }, caFile),
    ),
  )
  const config = loadConfig(file)
  await createVaultKey({ file: vaultKeyFile(config.keys), data: config.data })

  const admin = async <R extends pg.QueryResultRow>(sql: string, database = 'orders'): Promise<R[]> => {
    const client = new pg.Client({ connectionString: target.adminUrl.replace(/\/postgres$/, `/${database}`) })
    await client.connect()
    try {
      return (await client.query<R>(sql)).rows
    } finally {
      await client.end()
    }
  }
  await admin('create database orders', 'postgres')
  await admin(`create role breakglass login createrole password '${TARGET_PASSWORD}'`)
  await admin('create role orders_owner nologin; grant create, usage on schema public to orders_owner')
  await admin(
    `create table orders (id int primary key, status text not null, total numeric not null);
     insert into orders select i, 'paid', i from generate_series(1, 5000) i;
     create table notes (id serial primary key, body text);
     grant usage, select on sequence notes_id_seq to public;
     alter table orders owner to orders_owner`,
  )

  await options.prepare?.(target, folder)

  const clock = new MovableClock()
  const log: string[] = []
  const start = (): Promise<RunningServer> =>
    startServer({
      config,
      version: '0.0.0-test',
      plaintextFromLoopback: options.plaintext ?? false,
      clock,
      log: (level, message, facts) => void log.push(`${level} ${message} ${JSON.stringify(facts ?? {})}`),
    })
  let server = await start()
  const [orders] = [...config.targets.values()]
  if (orders) await admin(server.planOf(orders.name))

  const seeds = new Map<string, string>()
  const code = (handle: string): string => {
    // Each code works once: time goes on by one step for every code that is asked for.
    clock.pass(30_000)
    const totp = new OTPAuth.TOTP({ secret: OTPAuth.Secret.fromBase32(seeds.get(handle) ?? '') })
    return totp.generate({ timestamp: clock.now().wall })
  }
  const { identity } = server
  for (const [handle, groups] of Object.entries(GROUPS)) {
    const known = identity.personOf(handle)
    const person = known ?? (await identity.addPerson({ handle, name: handle, groups }))
    if (known) await identity.changePerson({ person, groups })
    const { link } = await identity.issueEnrolment({ person })
    const enrolment = link.split('#')[1] ?? ''
    seeds.set(handle, identity.beginTotp({ enrolment }).secret)
    await identity.registerTotp({ enrolment }, { code: code(handle), password: PASSWORD })
  }

  const signIn = async (handle: string): Promise<Api> => {
    const anonymous = apiOf(() => server.url, '')
    const body = { handle, password: PASSWORD, code: code(handle), as: 'cli' }
    const { token } = await anonymous.post<{ token: string }>('/v1/signin/password', body)
    return apiOf(() => server.url, token)
  }
  const incident = async (change: Record<string, unknown> = {}): Promise<void> => {
    const now = clock.now().wall
    const data = {
      id: 'INC-1',
      title: 'Checkout failing',
      status: 'open',
      severity: 'P1',
      services: ['orders'],
      responders: [
        { person: 'ana@acme.example', role: 'responder', state: 'accepted' },
        { person: 'ben@acme.example', role: 'responder', state: 'accepted' },
      ],
      declared_by: { machine: 'monitor' },
      opened_at: now,
      updated_at: now,
      ...change,
    }
    const raw = JSON.stringify({ type: 'incident', data })
    const id = `msg_${now}`
    const response = await fetch(`${server.url}/v1/incidents/sources/pager`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now / 1000)),
        'webhook-signature': new Webhook(SECRET).sign(id, new Date(now), raw),
      },
      body: raw,
    })
    if (!response.ok) throw new Error(`incident: ${response.status} ${await response.text()}`)
  }

  const mara = await signIn('mara')
  const { offered, problems } = await mara.get<{ offered?: { digest: string }; problems: unknown[] }>(
    '/v1/policy',
  )
  if (!offered) throw new Error(`the procedures are not valid: ${JSON.stringify(problems)}`)
  await mara.post('/v1/policy/accept', { digest: offered.digest })

  return {
    clock,
    get server() {
      return server
    },
    target,
    receiver,
    second,
    folder,
    data: config.data,
    signIn,
    code,
    incident,
    admin: sql => admin(sql),
    async open(wish = {}) {
      await incident()
      clock.pass(31_000)
      const api = wish.api ?? (await signIn('ana'))
      const grant = await api.post<{ id: string; state: string }>('/v1/grants', {
        target: wish.target ?? 'orders-db',
        reason: 'checkout is down',
        ...(wish.for !== undefined && { duration: wish.for }),
      })
      if (grant.state !== 'active') throw new Error(`the grant is ${grant.state}: ${log.join('\n')}`)
      return { api, grant: grant.id }
    },
    async connect(api, grant) {
      const sheet = await api.post<Omit<Credential, 'caFile'> & { ca: string }>(
        `/v1/grants/${grant}/credential`,
      )
      write('gateway-ca.pem', sheet.ca)
      return { ...sheet, caFile: join(folder, 'gateway-ca.pem') }
    },
    async restart() {
      await server.close()
      server = await start()
    },
    handOver: () => server.close(),
    async takeBack() {
      server = await start()
    },
    async close() {
      await server.close()
      await receiver.close()
      await second.close()
      await target.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function apiOf(url: () => string, token: string): Api {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(url() + path, {
      method,
      headers: {
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as T & { detail?: string; code?: string }
    if (response.ok) return answer
    throw Object.assign(new Error(`${method} ${path}: ${answer.detail}`), {
      code: answer.code,
      status: response.status,
      answer,
    })
  }
  return {
    token,
    get: path => call('GET', path),
    post: (path, body) => call('POST', path, body ?? {}),
    delete: path => call('DELETE', path),
  }
}

/** The environment of libpq for a credential. */
export function libpq(credential: Credential): Record<string, string> {
  return {
    PGHOST: credential.host,
    PGPORT: String(credential.port),
    PGUSER: credential.login,
    PGPASSWORD: credential.secret,
    PGDATABASE: credential.database,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: credential.caFile,
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
  }
}
