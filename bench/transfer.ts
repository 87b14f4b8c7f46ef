/** COPY and pg_dump of a large table through the gateway, against a direct run beside it, and what the gateway's memory grows by. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { keep, median, table } from './machine.ts'
import { inOwnProcess } from './own-process.ts'
import { missing } from '../test/real/servers/missing.ts'
import { apiOf, libpq, startWorld } from '../test/real/world.ts'

const MIB = Number(process.env['BENCH_MIB'] ?? 1024)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3)

const absent = missing('postgres15', 'psql', 'pg_dump')
if (absent.length > 0) {
  console.log(`transfer: skipped. ${absent.join('; ')}`)
  process.exit(0)
}

const world = await startWorld({
  plaintext: true,
  config: text =>
    text
      .replace('tls: verify-full', 'tls: disable')
      .replace(
        '{ on: public.notes, allow: [select, insert, update, delete] }',
        '{ on: "public.*", allow: [select] }',
      ),
})
// As a table of 1,000 bytes a row; not compressed, so that the target reads what it sends.
await world.admin(
  `create table big (id int, body text); alter table big alter body set storage external;
   insert into big select i, repeat(md5(i::text), 31) from generate_series(1, ${MIB * 1024}) i`,
)
await world.admin(world.server.planOf('orders-db'))
const { api, grant } = await world.open()
const own = await inOwnProcess(world)
const url = world.server.url
const through = libpq(
  await world.connect(
    apiOf(() => url, api.token),
    grant,
  ),
)
const direct = {
  ...through,
  PGHOST: '127.0.0.1',
  PGPORT: String(world.target.port),
  PGUSER: 'postgres',
  PGPASSWORD: world.target.adminPassword,
}

/** Seconds until the client is done; what it prints goes nowhere. */
async function run(env: Record<string, string>, command: string, args: readonly string[]): Promise<number> {
  const began = performance.now()
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number]
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  return (performance.now() - began) / 1000
}

const jobs = [
  ['COPY out', 'psql', ['-X', '-q', '-c', 'copy big to stdout']],
  ['COPY out, binary', 'psql', ['-X', '-q', '-c', 'copy big to stdout (format binary)']],
  ['pg_dump', 'pg_dump', ['-t', 'big', '--data-only']],
] as const
const rows: (string | number)[][] = [
  ['what', 'direct', 'gateway', '÷ direct', 'gateway, TLS', '÷ direct', 'growth'],
]
const results: Record<string, unknown>[] = []
for (const [name, command, args] of jobs) {
  await run({ ...direct, PGSSLMODE: 'disable' }, command, args)
  const before = own.memory()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, own.memory())
  }, 50)
  const took = { direct: [] as number[], plain: [] as number[], tls: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    took.direct.push(await run({ ...direct, PGSSLMODE: 'disable' }, command, args))
    took.plain.push(await run({ ...through, PGSSLMODE: 'disable' }, command, args))
    took.tls.push(await run(through, command, args))
  }
  clearInterval(watch)
  const rate = (seconds: readonly number[]): string => `${(MIB / median(seconds)).toFixed(0)} MiB/s`
  const ratio = (seconds: readonly number[]): number =>
    Number(median(seconds.map((value, round) => (took.direct[round] ?? NaN) / value)).toFixed(2))
  const growth = (most - before) / 2 ** 20
  rows.push([
    name,
    rate(took.direct),
    rate(took.plain),
    ratio(took.plain),
    rate(took.tls),
    ratio(took.tls),
    `${growth.toFixed(0)} MiB`,
  ])
  results.push({
    name,
    mib: MIB,
    seconds: took,
    plain: ratio(took.plain),
    tls: ratio(took.tls),
    growthMiB: Math.round(growth),
  })
  console.log(`${name}: done`)
}
console.log(`\n${table(rows)}`)
keep('transfer', results)
await own.stop()
await world.target.stop()
process.exit(0)
