import type { Disk } from '../disk.ts'
import { fillWithZeros, segmentPath, type SegmentState } from '../segment/segments.ts'

/** A frame that was not written whole, and where. */
export interface Torn {
  readonly segment: number
  readonly file: string
  readonly offset: number
  /** Index its first entry would have had. */
  readonly index: number
  readonly bytes: number
}

/**
 * Writes the frames from byte `from` of the active segment again, and zeros behind them in place of what is torn. What an fsync that
 * failed before the stop left in the page cache may look clean and yet not be on the disk; `from` is 0, or the end of what a
 * snapshot that came after a good fsync vouches for. Frames before the active segment were on the disk before it began.
 */
export async function rewriteTail(
  disk: Disk,
  { active, offset }: SegmentState,
  from: number,
  torn: Torn | undefined,
): Promise<void> {
  for (const segment of new Set([active, torn?.segment ?? active])) {
    const path = segmentPath(segment)
    if ((await disk.read(path)) === undefined) continue
    const file = await disk.open(path)
    try {
      const [start, end] = segment === active ? [from, offset] : [0, 0]
      const size = await file.size()
      await file.write(start, await file.read(start, end - start))
      await fillWithZeros(file, end, size)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

/** Length up to the last byte that is not zero. */
export function usedBytes(bytes: Buffer): number {
  let length = bytes.length
  while (length > 0 && bytes[length - 1] === 0) length -= 1
  return length
}
