import type { Disk } from '../disk.ts'
import { decodeFrame, findMagic, type Frame } from './frame.ts'
import { SEGMENT_FOLDER, segmentNumber, segmentPath } from './segments.ts'

export type Found =
  | {
      readonly kind: 'frame'
      readonly segment: number
      readonly file: string
      readonly offset: number
      readonly frame: Frame
    }
  /** Bytes that are neither a whole frame nor zeros, up to `end`. */
  | {
      readonly kind: 'bad'
      readonly segment: number
      readonly file: string
      readonly offset: number
      readonly bytes: Buffer
    }
  /** End of a segment; `used` is where its frames end, `size` its length. */
  | {
      readonly kind: 'end'
      readonly segment: number
      readonly file: string
      readonly used: number
      readonly size: number
    }

/** Numbers of the segments that exist, rising. */
export async function listSegments(disk: Disk): Promise<number[]> {
  const names = await disk.list(SEGMENT_FOLDER)
  return names.map(segmentNumber).filter(number => number !== undefined)
}

/**
 * Everything the segments hold, in order, without judging how it fits together. Holds one segment in memory. `from`: byte of the
 * first segment at which to begin.
 */
export async function* scan(disk: Disk, numbers: readonly number[], from = 0): AsyncGenerator<Found> {
  for (const segment of numbers) {
    const file = segmentPath(segment)
    const bytes = (await disk.read(file)) ?? Buffer.alloc(0)
    let offset = segment === numbers[0] ? from : 0
    let used = offset
    while (offset < bytes.length) {
      const frame = decodeFrame(bytes, offset)
      if (frame !== undefined) {
        yield { kind: 'frame', segment, file, offset, frame }
        offset = frame.end
        used = offset
        continue
      }
      if (isZero(bytes, offset)) break
      const next = nextFrame(bytes, offset + 1)
      yield { kind: 'bad', segment, file, offset, bytes: bytes.subarray(offset, next) }
      offset = next
    }
    yield { kind: 'end', segment, file, used, size: bytes.length }
  }
}

/** Offset of the next whole frame, or the end of the bytes. */
function nextFrame(bytes: Buffer, from: number): number {
  for (let at = findMagic(bytes, from); at >= 0; at = findMagic(bytes, at + 1)) {
    if (decodeFrame(bytes, at) !== undefined) return at
  }
  return bytes.length
}

const ZEROS = Buffer.alloc(64 * 1024)

export function isZero(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length)
    if (ZEROS.compare(part, 0, part.length, 0, part.length) !== 0) return false
  }
  return true
}
