/**
 * pgbench select-only, direct, through PgBouncer (session mode) and through the gateway, in turn within one run: ratios
 * against PgBouncer are what counts, as machines are noisy. Each round measures all of them once; medians over the rounds.
 */
import { execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { keep, median, table } from './machine.ts'
import { libpq, startWorld, type World } from '../test/real/world.ts'
import { missing } from '../test/real/servers/missing.ts'
import { startPgbouncer } from '../test/real/servers/pgbouncer.ts'

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3)
const CLIENTS = [8, 64]
/** Measures only the ways whose name matches; for profiling one of them. */
const ONLY = new RegExp(process.env['BENCH_WAYS'] ?? '')

const absent = missing('postgres15', 'pgbench', 'pgbouncer')
if (absent.length > 0) {
  console.log(`pgbench: skipped. ${absent.join('; ')}`)
  process.exit(0)
}

interface Way {
  readonly name: string
  readonly env: Record<string, string>
}

async function main(): Promise<void> {
  const ways: Way[] = []
  const stops: (() => Promise<void>)[] = []
  const world = await startWorld({
    plaintext: true,
    // As PgBouncer does, the gateway speaks to the target without TLS here; the rows with TLS are about the client's side.
    config: text =>
      text
        .replace('tls: verify-full', 'tls: disable')
        .replace(
          '{ on: public.notes, allow: [select, insert, update, delete] }',
          '{ on: "public.*", allow: [select] }',
        ),
    procedures: {
      'orders-db-with': text =>
        text.replace('orders-db-emergency', 'orders-db-with').replace('evidence: before', 'evidence: with'),
    },
  })
  stops.push(() => world.close())
  const direct = {
    host: '127.0.0.1',
    port: String(world.target.port),
    user: 'postgres',
    password: world.target.adminPassword,
  }
  const base = (port: number, sslmode: string): Record<string, string> => ({
    PGHOST: direct.host,
    PGPORT: String(port),
    PGUSER: direct.user,
    PGPASSWORD: direct.password,
    PGDATABASE: 'orders',
    PGSSLMODE: sslmode,
    PATH: process.env['PATH'] ?? '',
  })
  execFileSync('pgbench', ['-i', '-q', '-s', '10'], {
    env: base(world.target.port, 'disable'),
    stdio: 'ignore',
  })
  await world.admin(world.server.planOf('orders-db'))
  const pgbouncer = await startPgbouncer(world.target, {})
  stops.push(() => pgbouncer.stop())
  ways.push({ name: 'direct', env: base(world.target.port, 'disable') })
  ways.push({ name: 'direct, TLS', env: base(world.target.port, 'require') })
  ways.push({ name: 'pgbouncer', env: base(pgbouncer.port, 'disable') })

  const bare = await startBareGateway(world)
  stops.push(bare.stop)
  ways.push({ name: 'gateway, no evidence', env: { ...bare.env, PGSSLMODE: 'disable' } })
  ways.push({ name: 'gateway, no evidence, TLS', env: bare.env })
  await world.incident()
  world.clock.pass(31_000)
  for (const [name, procedure] of [
    ['with', 'orders-db-with'],
    ['before', 'orders-db-emergency'],
  ] as const) {
    const api = await world.signIn('ana')
    const { id } = await api.post<{ id: string }>('/v1/grants', {
      target: 'orders-db',
      reason: 'bench',
      procedure,
    })
    const env = libpq(await world.connect(api, id))
    ways.push({ name: `gateway, ${name}`, env: { ...env, PGSSLMODE: 'disable' } })
    ways.push({ name: `gateway, ${name}, TLS`, env })
  }
  console.log(`pgbench -S -M simple, scale 10, ${SECONDS} s each, median of ${ROUNDS} rounds`)
  const tps = new Map<string, number[]>()
  for (let round = 1; round <= ROUNDS; round++) {
    for (const clients of CLIENTS) {
      for (const way of ways.filter(({ name }) => ONLY.test(name))) {
        const key = `${way.name}/${clients}`
        const value = await pgbench(way.env, clients)
        tps.set(key, [...(tps.get(key) ?? []), value])
        process.stdout.write(
          `\rround ${round}/${ROUNDS}  ${clients} clients  ${way.name.padEnd(22)} ${value.toFixed(0)} tps   `,
        )
      }
    }
  }
  process.stdout.write('\n\n')
  if (process.env['BENCH_WAYS'] !== undefined) process.exit(0)
  const rows: (string | number)[][] = [
    ['way', ...CLIENTS.flatMap(clients => [`${clients} clients, tps`, '÷ direct', '÷ pgbouncer'])],
  ]
  const results: Record<string, unknown>[] = []
  for (const { name } of ways) {
    const row: (string | number)[] = [name]
    for (const clients of CLIENTS) {
      const own = tps.get(`${name}/${clients}`) ?? []
      const ratio = (other: string): number =>
        median(own.map((value, round) => value / (tps.get(`${other}/${clients}`)?.[round] ?? NaN)))
      row.push(
        Math.round(median(own)),
        Number(ratio('direct').toFixed(2)),
        Number(ratio('pgbouncer').toFixed(2)),
      )
      results.push({
        way: name,
        clients,
        tps: own.map(Math.round),
        toDirect: ratio('direct'),
        toPgbouncer: ratio('pgbouncer'),
      })
    }
    rows.push(row)
  }
  console.log(table(rows))
  keep('pgbench', results)
  for (const stop of stops.reverse()) await stop()
}

/** The same relay without a recorder, in a process of its own: what evidence costs is the difference. */
async function startBareGateway(
  world: World,
): Promise<{ env: Record<string, string>; stop: () => Promise<void> }> {
  const child = fork(join(import.meta.dirname, 'bare-gateway.ts'), [
    String(world.target.port),
    world.target.adminPassword,
  ])
  const [port] = (await once(child, 'message')) as [number]
  const env = {
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: 'bench',
    PGPASSWORD: 'bench',
    PGDATABASE: 'orders',
    PGSSLMODE: 'require',
    PATH: process.env['PATH'] ?? '',
  }
  return {
    env,
    stop: async () => {
      child.kill()
      await once(child, 'exit')
    },
  }
}

async function pgbench(env: Record<string, string>, clients: number): Promise<number> {
  const child = spawn(
    'pgbench',
    ['-n', '-S', '-M', 'simple', '-c', String(clients), '-j', '2', '-T', String(SECONDS)],
    { env },
  )
  let output = ''
  child.stdout.on('data', chunk => (output += String(chunk)))
  child.stderr.on('data', chunk => (output += String(chunk)))
  await once(child, 'exit')
  const found = /tps = ([\d.]+) \(without/.exec(output)
  if (!found) throw new Error(output)
  return Number(found[1])
}

await main()
