import { benchLog } from './ledger-log.ts'
import { median } from './machine.ts'

export interface ProofTimes {
  readonly entries: number
  /** ms for one inclusion proof to the head, each of another tile, none of them read since the log was opened. */
  readonly coldMs: number
  readonly coldP99Ms: number
  /** ms for one whose tiles were read before. */
  readonly warmMs: number
  readonly hashes: number
}

const PROOFS = 1000

/** Inclusion proofs of a log that was closed and opened again. */
export async function measureProofs(entries: number): Promise<ProofTimes> {
  const scratch = await benchLog()
  try {
    const log = await scratch.open(1000)
    for (let at = 0; at < entries; at += 1000) {
      const drafts = Array.from({ length: 1000 }, (_, i) => ({ type: 'x', src: 's', data: { n: at + i } }))
      await log.append(drafts).durable()
    }
    await log.close()
    const again = await scratch.open(1000)
    const { size } = again.head()
    const apart = Math.floor(size / PROOFS)
    const round = async (): Promise<number[]> => {
      const times: number[] = []
      for (let n = 0; n < PROOFS; n += 1) {
        const began = performance.now()
        await again.inclusion(n * apart, size)
        times.push(performance.now() - began)
      }
      return times.sort((a, b) => a - b)
    }
    const cold = await round()
    const warm = await round()
    const hashes = (await again.inclusion(0, size)).length
    await again.close()
    return {
      entries: size,
      coldMs: median(cold),
      coldP99Ms: cold[Math.floor(PROOFS * 0.99)] ?? Number.NaN,
      warmMs: median(warm),
      hashes,
    }
  } finally {
    await scratch.remove()
  }
}
