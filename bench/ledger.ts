/**
 * Entries per second and latency of a log on this machine's disk, payloads sealed, by number of writers, and what
 * making one entry costs. Prints what it measured. BENCH_FOLDER: where the log is put (default: the temporary folder).
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalSigner } from '../src/ledger/signer/local-signer.ts'
import type { Draft, SealKey } from '../src/ledger/log.ts'
import { openLog } from '../src/ledger/open-log.ts'
import { stage } from '../src/ledger/entry/stage.ts'
import { nodeDisk } from '../src/store/file/node-disk.ts'
import { keep } from './machine.ts'

const results: Record<string, unknown>[] = []
const ORIGIN = 'bench.example/log'
const SECONDS = 3
const key: SealKey = { name: 'session/s_018f2f5e-0000-7000-8000-000000000000', bytes: randomBytes(32) }
const now = { wall: Date.now(), mono: 1, boot: '53868503-bbaf-4739-bb05-c1c32319dc9a' }
const clock = { now: () => ({ ...now, wall: Date.now(), mono: performance.now() }) }

function draft(src: string, n: number): Draft {
  return {
    type: 'action',
    src,
    subject: 'p_018f2f5e-0000-7000-8000-000000000000',
    target: 'orders-db',
    outcome: 'allowed',
    data: { grant: 'g_018f2f5e-0000-7000-8000-000000000000', kind: 'query', n, tags: ['select'] },
    payload: { text: `select id, total from orders where id = ${n} and customer = 'somebody@example.com'` },
    seal: key,
  }
}

function percentile(sorted: readonly number[], share: number): string {
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2)} ms`
}

function perEntry(): void {
  const context = { origin: ORIGIN, now, lastTime: 0, last: () => undefined }
  for (const payload of [true, false]) {
    const { payload: text, seal, ...plain } = draft('s_1', 1)
    const drafts: Draft[] = [
      payload && text !== undefined && seal !== undefined ? { ...plain, payload: text, seal } : plain,
    ]
    for (let i = 0; i < 20_000; i += 1) stage(drafts, context)
    const rounds = 50_000
    const before = process.cpuUsage()
    for (let i = 0; i < rounds; i += 1) stage(drafts, context)
    const { user, system } = process.cpuUsage(before)
    console.log(
      `making one entry, ${payload ? 'sealed' : 'plain'}: ${((user + system) / rounds).toFixed(1)} µs of CPU`,
    )
  }
}

async function writers(count: number, wait: 'durable' | 'signed'): Promise<void> {
  const folder = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'bg-bench-'))
  const signer = await openLocalSigner({
    origin: ORIGIN,
    seed: randomBytes(32),
    disk: nodeDisk(join(folder, 'signer')),
  })
  const log = await openLog({
    name: 'bench',
    origin: ORIGIN,
    disk: nodeDisk(join(folder, 'log')),
    signer,
    clock,
    signEveryMs: wait === 'signed' ? 0 : 100,
    segmentBytes: 8 * 1024 * 1024,
    entryZero: {},
  })
  const latencies: number[] = []
  const before = process.cpuUsage()
  const start = performance.now()
  const end = start + SECONDS * 1000
  const work = async (src: string): Promise<void> => {
    for (let n = 0; performance.now() < end; n += 1) {
      const began = performance.now()
      await log.append([draft(src, n)])[wait]()
      latencies.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: count }, (_, i) => work(`s_${i}`)))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  const cpu = ((user + system) / latencies.length).toFixed(0)
  latencies.sort((a, b) => a - b)
  const rate = Math.round(latencies.length / seconds)
  const times = `p50 ${percentile(latencies, 0.5)}, p99 ${percentile(latencies, 0.99)}`
  console.log(`${count} writers, ${wait}: ${rate} entries/s, ${times}, ${cpu} µs of CPU each`)
  results.push({
    writers: count,
    wait,
    entriesPerSecond: rate,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)],
    p99Ms: latencies[Math.floor(latencies.length * 0.99)],
    cpuUs: Number(cpu),
  })
  await log.close()
  await rm(folder, { recursive: true })
}

console.log(`Node ${process.version}`)
perEntry()
for (const count of [1, 16, 64]) {
  await writers(count, 'durable')
  await writers(count, 'signed')
}
keep('ledger', results)
