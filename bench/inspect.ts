import { performance } from 'node:perf_hooks'
import { createInspector } from '../src/protocols/postgres/inspect/inspect.ts'
import { DEFAULT_REFUSE } from '../src/protocols/postgres/inspect/refuse-rules.ts'
import { keep } from './machine.ts'

/**
 * What a verdict costs, in microseconds (median and 99th percentile of batches). `hit`: a text seen before. `shape`: another
 * number in a text seen before (pgbench in simple mode). `miss`: a text never seen, through the worker, one at a time; `deep`:
 * the worst that fits the quick lane.
 */
const results: Record<string, unknown>[] = []
const inspector = createInspector()

async function measure(
  name: string,
  batch: number,
  batches: number,
  text: (i: number) => string,
): Promise<void> {
  const each: number[] = []
  let n = 0
  for (let b = 0; b < batches; b++) {
    const texts = Array.from({ length: batch }, () => text(n++))
    const started = performance.now()
    for (const sql of texts) {
      const verdict = inspector.inspect(sql, DEFAULT_REFUSE)
      if (verdict instanceof Promise) await verdict
    }
    each.push(((performance.now() - started) / batch) * 1000)
  }
  each.sort((a, b) => a - b)
  const at = (share: number) => each[Math.floor((each.length - 1) * share)]?.toFixed(2)
  console.log(`${name.padEnd(34)} median ${at(0.5)} µs   p99 ${at(0.99)} µs`)
  results.push({ case: name, medianUs: Number(at(0.5)), p99Us: Number(at(0.99)) })
}

const pgbench = (i: number) => `SELECT abalance FROM pgbench_accounts WHERE aid = ${(i * 7919) % 10_000_000};`
const prepared = 'UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2'
const columns = Array.from({ length: 200 }, (_, i) => `t.column_${i} AS "c${i}"`).join(', ')

await inspector.inspect(prepared, DEFAULT_REFUSE)
await inspector.inspect(pgbench(1), DEFAULT_REFUSE)
await measure('hit, 67 characters', 1000, 400, () => prepared)
await measure('shape, 56 characters', 1000, 400, pgbench)
await measure('miss, 40 characters', 20, 200, i => `SELECT a FROM t WHERE name = 'n${i}'`)
await measure('miss, 5 KB of columns', 5, 60, i => `SELECT ${columns} FROM t WHERE name = 'n${i}'`)
await measure('miss, deep: 1000 minus signs', 1, 20, i => `SELECT ${'- '.repeat(1000)}a${i} FROM t`)
await inspector.close()
keep('inspect', results)
