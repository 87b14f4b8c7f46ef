import type { Disk } from '../src/ledger/disk.ts'
import { stage } from '../src/ledger/entry/stage.ts'
import { listSegments, scan } from '../src/ledger/segment/scan.ts'
import { action, benchLog, type SignerPlace } from './ledger-log.ts'

export interface Wanted {
  readonly writers: number
  readonly sealed: boolean
  readonly wait: 'durable' | 'signed'
  readonly signer: SignerPlace
}

export interface Written extends Wanted {
  readonly entriesPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU of this process, all threads; the guarded signer's is not in it. */
  readonly cpuUs: number
  /** Bytes of the frames beyond those of the entries and their sealed payloads, for each entry. */
  readonly overheadBytes: number
}

const WARM_UP_MS = 1000
const MS = 3000

/** CPU µs of making one entry and nothing else. */
export function makingOne(sealed: boolean): number {
  const context = {
    origin: 'bench.example/log',
    now: { wall: Date.now(), mono: 1, boot: '53868503-bbaf-4739-bb05-c1c32319dc9a' },
    lastTime: 0,
    last: () => undefined,
  }
  const drafts = [action('s_1', 1, sealed)]
  const rounds = 50_000
  for (let i = 0; i < rounds / 2; i += 1) stage(drafts, context)
  const before = process.cpuUsage()
  for (let i = 0; i < rounds; i += 1) stage(drafts, context)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / rounds
}

/** Writers that each wait for their entry before they make the next. */
export async function write(wanted: Wanted): Promise<Written> {
  const { writers, sealed, wait, signer } = wanted
  const scratch = await benchLog(signer)
  const log = await scratch.open(wait === 'signed' ? 0 : 100)
  let closing: Promise<void> | undefined
  try {
    const round = async (ms: number, latencies: number[]): Promise<void> => {
      const end = performance.now() + ms
      const one = async (src: string): Promise<void> => {
        for (let n = 0; performance.now() < end; n += 1) {
          const began = performance.now()
          await log.append([action(src, n, sealed)])[wait]()
          latencies.push(performance.now() - began)
        }
      }
      await Promise.all(Array.from({ length: writers }, (_, i) => one(`s_${i}`)))
    }
    await round(WARM_UP_MS, [])
    const latencies: number[] = []
    const began = performance.now()
    const before = process.cpuUsage()
    await round(MS, latencies)
    const { user, system } = process.cpuUsage(before)
    const seconds = (performance.now() - began) / 1000
    latencies.sort((a, b) => a - b)
    const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN
    closing = log.close()
    await closing
    return {
      ...wanted,
      entriesPerSecond: Math.round(latencies.length / seconds),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      cpuUs: (user + system) / latencies.length,
      overheadBytes: await overhead(scratch.disk),
    }
  } finally {
    await (closing ?? log.close())
    await scratch.remove()
  }
}

async function overhead(disk: Disk): Promise<number> {
  let frames = 0
  let own = 0
  let count = 0
  for await (const found of scan(disk, await listSegments(disk))) {
    if (found.kind !== 'frame') continue
    frames += found.frame.end - found.offset
    count += found.frame.count
    for (const { entry, sealed } of found.frame.records) own += entry.length + sealed.length
  }
  return (frames - own) / count
}
