/**
 * What one session costs and what it feels: latency added per statement, from a request to the first row, memory of idle sessions,
 * and what a reader that stops does to others.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import pg from 'pg'
import { keep, median, table } from './machine.ts'
import { inOwnProcess } from './own-process.ts'
import { missing } from '../test/real/servers/missing.ts'
import { type Api, apiOf, type Credential, startWorld, type World } from '../test/real/world.ts'

const IDLE = Number(process.env['BENCH_IDLE'] ?? 2000)
const STATEMENTS = 2_000
const ROUNDS = 3
const REQUESTS = 200

const absent = missing('postgres15', 'psql')
if (absent.length > 0) {
  console.log(`sessions: skipped. ${absent.join('; ')}`)
  process.exit(0)
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

const ms = (value: number): string => `${value.toFixed(2)} ms`

function clientOf(credential: Credential, tls: boolean): pg.Client {
  return new pg.Client({
    host: credential.host,
    port: credential.port,
    user: credential.login,
    password: credential.secret,
    database: credential.database,
    ssl: tls && { rejectUnauthorized: false },
  })
}

async function timed(client: pg.Client, times: number): Promise<number[]> {
  const took: number[] = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    await client.query(`select status from orders where id = ${1 + (n % 5000)}`)
    took.push(performance.now() - began)
  }
  return took
}

async function prepare(): Promise<World> {
  const world = await startWorld({
    plaintext: true,
    settings: { max_connections: String(IDLE + 100) },
    config: text => text.replace('connections: 300', `connections: ${IDLE + 50}`),
    procedure: text =>
      text.replace('sessions: 300', 'sessions: 1000').replace('{ default: 30m', '{ default: 1h'),
    procedures: {
      'orders-db-with': text =>
        text.replace('orders-db-emergency', 'orders-db-with').replace('evidence: before', 'evidence: with'),
    },
  })
  await world.incident()
  world.clock.pass(31_000)
  return world
}

async function grantOf(api: Api, procedure: string): Promise<string> {
  return (await api.post<{ id: string }>('/v1/grants', { target: 'orders-db', reason: 'bench', procedure }))
    .id
}

/** p50 and p99 of one statement at a time, in turn over the ways so that a slow moment hits all of them. */
async function latency(world: World, api: Api): Promise<Record<string, { p50: number; p99: number }>> {
  const ways: [string, pg.Client][] = [
    [
      'direct',
      new pg.Client({
        host: '127.0.0.1',
        port: world.target.port,
        user: 'postgres',
        password: world.target.adminPassword,
        database: 'orders',
      }),
    ],
  ]
  for (const [name, procedure] of [
    ['with', 'orders-db-with'],
    ['before', 'orders-db-emergency'],
  ] as const) {
    const credential = await world.connect(api, await grantOf(api, procedure))
    ways.push([name, clientOf(credential, false)], [`${name}, TLS`, clientOf(credential, true)])
  }
  for (const [, client] of ways) await client.connect()
  const took = new Map<string, number[]>()
  for (const [, client] of ways) await timed(client, 500)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, client] of ways)
      took.set(name, [...(took.get(name) ?? []), ...(await timed(client, STATEMENTS / ROUNDS))])
  }
  for (const [, client] of ways) await client.end()
  return Object.fromEntries(
    [...took].map(([name, all]) => [name, { p50: percentile(all, 0.5), p99: percentile(all, 0.99) }]),
  )
}

/** From the request over the API to the first row through a new grant, login at the target included; the person's own time is none. */
async function firstRows(world: World, api: Api): Promise<number[]> {
  const took: number[] = []
  for (let n = 0; n < REQUESTS; n++) {
    const began = performance.now()
    const id = await grantOf(api, 'orders-db-emergency')
    const client = clientOf(await world.connect(api, id), true)
    await client.connect()
    await client.query('select status from orders where id = 1')
    took.push(performance.now() - began)
    await client.end()
    await api.post(`/v1/grants/${id}/close`)
  }
  return took
}

/** Bytes of the gateway's memory for each of many idle TLS sessions, spread over the grants. */
async function idle(credentials: readonly Credential[], memory: () => number): Promise<number> {
  const before = memory()
  const crowds = await Promise.all(
    credentials.map(credential => crowdOf(credential, Math.ceil(IDLE / credentials.length))),
  )
  // What opening them left behind is collected in its own time.
  await new Promise(resolve => setTimeout(resolve, 15_000))
  const each = (memory() - before) / IDLE
  for (const crowd of crowds) {
    crowd.kill()
    await once(crowd, 'exit')
  }
  return each
}

/** Resolves when all its clients are connected. */
async function crowdOf(credential: Credential, count: number): Promise<ChildProcess> {
  const crowd = spawn(process.execPath, [join(import.meta.dirname, 'idle-clients.mjs'), String(count)], {
    env: {
      PGHOST: credential.host,
      PGPORT: String(credential.port),
      PGUSER: credential.login,
      PGPASSWORD: credential.secret,
      PGDATABASE: credential.database,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(crowd.stdout, 'data')
  return crowd
}

/** Latency of one session while another has a large result and does not read on. */
async function slowReader(credential: Credential): Promise<{ alone: number[]; beside: number[] }> {
  const steady = clientOf(credential, true)
  await steady.connect()
  await timed(steady, 500)
  const alone = await timed(steady, STATEMENTS)
  const slow = clientOf(credential, true)
  slow.on('error', () => undefined)
  await slow.connect()
  slow.query("select repeat('x', 1000) from generate_series(1, 500000)").catch(() => undefined)
  await new Promise(resolve => setTimeout(resolve, 300))
  ;(slow as unknown as { connection: { stream: { pause(): void } } }).connection.stream.pause()
  await new Promise(resolve => setTimeout(resolve, 1_000))
  const beside = await timed(steady, STATEMENTS)
  ;(slow as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
  await steady.end()
  return { alone, beside }
}

const world = await prepare()
const ana = await world.signIn('ana')
const own = await inOwnProcess(world)
const url = world.server.url
const api = apiOf(() => url, ana.token)

const each = await latency(world, api)
const direct = each['direct']?.p50 ?? NaN
console.log('\nOne statement at a time (node-postgres, simple protocol):')
console.log(
  table([
    ['way', 'p50', 'p99', 'added p50'],
    ...Object.entries(each).map(([name, { p50, p99 }]) => [name, ms(p50), ms(p99), ms(p50 - direct)]),
  ]),
)
const rows = await firstRows(world, api)
console.log(
  `\nFrom request to first row, ${REQUESTS} times: p50 ${ms(percentile(rows, 0.5))}, p99 ${ms(percentile(rows, 0.99))}`,
)
const credential = await world.connect(api, await grantOf(api, 'orders-db-with'))
const { alone, beside } = await slowReader(credential)
console.log(
  `\nBeside a reader that stopped in a result of 500 MB: p99 ${ms(percentile(beside, 0.99))}, alone ${ms(percentile(alone, 0.99))}`,
)
const grants = await Promise.all([1, 2, 3].map(() => grantOf(api, 'orders-db-with')))
const credentials = await Promise.all(grants.map(id => world.connect(api, id)))
const bytes = await idle(credentials, () => own.memory())
console.log(
  `\n${IDLE} idle sessions, TLS on both sides: ${(bytes / 1024).toFixed(1)} KiB of the gateway's memory each`,
)
keep('sessions', {
  latency: each,
  requestToFirstRow: { times: REQUESTS, p50: median(rows), p99: percentile(rows, 0.99) },
  slowReader: { aloneP99: percentile(alone, 0.99), besideP99: percentile(beside, 0.99) },
  idle: { sessions: IDLE, bytesEach: Math.round(bytes) },
})
await own.stop()
await world.target.stop()
process.exit(0)
