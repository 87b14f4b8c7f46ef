import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Exercise } from './exercise.ts'
import type { Stand, Way } from './stand.ts'

const PGBENCH = { client: 'pgbench', needs: { pgbench: 'postgresql-contrib' } }

const PIPELINE = `\\set a random(1, 1000)
\\startpipeline
select abalance from pgbench_accounts where aid = :a;
update pgbench_accounts set abalance = abalance + 1 where aid = :a;
select 1;
\\endpipeline
`

/** What a run of pgbench did; how fast it was is a matter of the benches. */
function done(out: string): Record<string, string | undefined> {
  const line = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(out)?.[1]
  return {
    mode: line('query mode'),
    processed: line('number of transactions actually processed'),
    failed: line('number of failed transactions'),
  }
}

async function pgbench(way: Way, args: readonly string[]): Promise<ReturnType<typeof done>> {
  const { code, out, err } = await way.run('pgbench', ['-n', ...args], { timeout: 600_000 })
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
  return done(out)
}

/** Built-in script and query mode, a few of the nine in `npm test`. */
const FEW = [
  ['-N', 'simple'],
  ['-btpcb-like', 'extended'],
  ['-S', 'prepared'],
] as const
const ALL = ['simple', 'extended', 'prepared'].flatMap(mode =>
  ['-S', '-N', '-btpcb-like'].map(script => [script, mode] as const),
)

async function everything(
  stand: Stand,
  builtIn: readonly (readonly [string, string])[],
  transactions: number,
): Promise<void> {
  const each = ['-c', '2', '-t', String(transactions)]
  const processed = `${2 * transactions}/${2 * transactions}`
  const failed = '0 (0.000%)'
  for (const way of [stand.direct, stand.gateway]) {
    expect(await way.run('pgbench', ['-i', '-q', '--foreign-keys', '--partitions=2'])).toMatchObject({
      code: 0,
    })
    writeFileSync(join(way.folder, 'pipeline.sql'), PIPELINE)
  }
  try {
    await stand.same(async way => {
      for (const [script, mode] of [
        ...builtIn,
        ['-fpipeline.sql', 'extended'],
        ['-fpipeline.sql', 'prepared'],
      ]) {
        const did = await pgbench(way, [script ?? '', '-M', mode ?? '', ...each])
        expect(did).toEqual({ mode, processed, failed })
      }
      return pgbench(way, ['-S', '-C', '-c', '2', '-t', '2'])
    })
  } finally {
    await stand.direct.psql(
      'drop table pgbench_accounts, pgbench_branches, pgbench_tellers, pgbench_history;',
    )
  }
}

export const BENCH_EXERCISES: readonly Exercise[] = [
  {
    ...PGBENCH,
    what: '-i with partitions and foreign keys; -S, -N and tpcb in simple, extended and prepared mode; pipelines; -C',
    test: [15],
    soak: [15, 18],
    result: 'equal',
    run: (stand, when) => (when === 'test' ? everything(stand, FEW, 2) : everything(stand, ALL, 200)),
  },
]
