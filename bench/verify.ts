/**
 * How fast `ledger verify` reads a log of session actions again, plain and sealed: entries per second by the clock, and per second of
 * one core. BENCH_FOLDER: where the log is put (default: the temporary folder). ENTRIES: how many (default 300,000).
 */
import { hash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Draft, SealKey } from '../src/ledger/log.ts'
import { openLog } from '../src/ledger/open-log.ts'
import { openLocalSigner } from '../src/ledger/signer/local-signer.ts'
import { verifyLog } from '../src/ledger/verify/verify-log.ts'
import { nodeDisk } from '../src/store/file/node-disk.ts'
import { keep, median, table } from './machine.ts'

const ORIGIN = 'bench.example/log'
const ENTRIES = Number(process.env['ENTRIES'] ?? 300_000)
const CALL = 100
const key: SealKey = { name: 'session/s_018f2f5e-0000-7000-8000-000000000000', bytes: randomBytes(32) }
const clock = {
  now: () => ({ wall: Date.now(), mono: performance.now(), boot: '53868503-bbaf-4739-bb05-c1c32319dc9a' }),
}

function draft(src: string, n: number, sealed: boolean): Draft {
  return {
    type: 'action',
    src,
    subject: 'p_018f2f5e-0000-7000-8000-000000000000',
    target: 'orders-db',
    outcome: 'allowed',
    data: { grant: 'g_018f2f5e-0000-7000-8000-000000000000', kind: 'query', n, tags: ['select'] },
    ...(sealed
      ? {
          payload: { text: `select id, total from orders where id = ${n} and customer = 'a@example.com'` },
          seal: key,
        }
      : {}),
  }
}

/** What SHA-256 alone costs a core for one entry: its leaf, one node of the tree, and its share of the frame; µs. */
function hashingOf(entry: number, frame: number): number {
  const [leaf, node, share] = [entry + 1, 65, frame].map(length => Buffer.alloc(length, 7))
  const rounds = 100_000
  const before = process.cpuUsage()
  for (let i = 0; i < rounds; i += 1) {
    hash('sha256', leaf ?? '', 'binary')
    hash('sha256', node ?? '', 'binary')
    // Frames hold a hundred entries and more: the call itself is shared, the bytes are not.
    if (i % CALL === 0) hash('sha256', Buffer.alloc((share?.length ?? 0) * CALL), 'binary')
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / rounds
}

const rows: Record<string, unknown>[] = []
for (const sealed of [false, true]) {
  const folder = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'bg-bench-'))
  const disk = nodeDisk(join(folder, 'log'))
  const signing = nodeDisk(join(folder, 'signer'))
  const signer = await openLocalSigner({ origin: ORIGIN, seed: randomBytes(32), disk: signing })
  const { vkey } = signer
  const log = await openLog({
    name: 'bench',
    origin: ORIGIN,
    disk,
    signer,
    clock,
    signEveryMs: 100,
    entryZero: {},
  })
  for (let n = 0; n < ENTRIES; n += 4 * CALL) {
    await Promise.all(
      ['s_0', 's_1', 's_2', 's_3'].map(src =>
        log
          .append(
            Array.from({ length: CALL }, (_, i) =>
              draft(`${src}18f2f5e-0000-7000-8000-000000000000`, n + i, sealed),
            ),
          )
          .durable(),
      ),
    )
  }
  const entryBytes = (await log.read(log.length - 1)).bytes.length
  await log.close()
  const rates: number[] = []
  const perCore: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const before = process.cpuUsage()
    const start = performance.now()
    const { size, findings } = await verifyLog({ disk, vkey, signer: signing })
    const { user, system } = process.cpuUsage(before)
    if (findings.length > 0) throw new Error(JSON.stringify(findings[0]))
    rates.push(size / ((performance.now() - start) / 1000))
    perCore.push(size / ((user + system) / 1e6))
  }
  let stored = 0
  for (const name of await disk.list('segments')) {
    const segment = (await disk.read(`segments/${name}`)) ?? Buffer.alloc(0)
    let used = segment.length
    while (used > 0 && segment[used - 1] === 0) used -= 1
    stored += used
  }
  const perEntry = Math.round(stored / log.length)
  rows.push({
    entries: log.length,
    payload: sealed ? 'sealed' : 'none',
    entry_bytes: entryBytes,
    stored_bytes: perEntry,
    per_second: Math.round(median(rates)),
    per_second_of_a_core: Math.round(median(perCore)),
    best_of_a_core: Math.round(Math.max(...perCore)),
    hashing_alone_of_a_core: Math.round(1e6 / hashingOf(entryBytes, perEntry)),
  })
  await rm(folder, { recursive: true })
}
console.log(
  table([Object.keys(rows[0] ?? {}), ...rows.map(row => Object.values(row) as (string | number)[])]),
)
keep('verify', rows)
