/**
 * What the guarded signer costs: signed entries on this machine's disk, by number of writers, with the signer in this process and
 * in one of its own. BENCH_FOLDER: where the log is put (default: the temporary folder). Needs `npm run build`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from '../src/ledger/open-log.ts'
import { openSignerDirectory } from '../src/server/signer/signer-directory.ts'
import { spawnSigner } from '../src/server/signer/spawn-signer.ts'
import { systemClock } from '../src/server/system-clock.ts'
import { nodeDisk } from '../src/store/file/node-disk.ts'
import { keep } from './machine.ts'

const ORIGIN = 'bench.example/log'
const SECONDS = 4
const clock = systemClock()

async function run(kind: 'in_process' | 'child', writers: number): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'bg-bench-'))
  const directory = join(folder, 'signer')
  const house = kind === 'child' ? spawnSigner(directory) : await openSignerDirectory(directory)
  const signer = await house.open(ORIGIN, { create: true })
  const disk = nodeDisk(join(folder, 'log'))
  const log = await openLog({ name: 'bench', origin: ORIGIN, disk, signer, clock, entryZero: {} })
  const took: number[] = []
  const end = performance.now() + SECONDS * 1000
  const work = async (src: string): Promise<void> => {
    for (let n = 0; performance.now() < end; n += 1) {
      const began = performance.now()
      await log.append([{ type: 'action', src, data: { n, tags: ['select'] } }]).signed()
      took.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, i) => work(`s_${i}`)))
  await log.close()
  await house.close()
  await rm(folder, { recursive: true })
  took.sort((a, b) => a - b)
  const at = (share: number): number => Number((took[Math.floor(took.length * share)] ?? 0).toFixed(2))
  const found = {
    signer: kind,
    writers,
    perSecond: Math.round(took.length / SECONDS),
    p50: at(0.5),
    p99: at(0.99),
  }
  console.log(
    `${kind.padEnd(10)} ${String(writers).padStart(3)} writers: ${String(found.perSecond).padStart(6)} signed/s, p50 ${found.p50} ms, p99 ${found.p99} ms`,
  )
  return found
}

const results: Record<string, unknown>[] = []
for (const writers of [1, 16, 64]) {
  for (const kind of ['in_process', 'child'] as const) results.push(await run(kind, writers))
}
keep('signer', results)
