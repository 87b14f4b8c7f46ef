import { hash } from 'node:crypto'
import { HASH_BYTES } from '../tree/merkle.ts'
import { FRAME_HEADER, frameHash, RECORD_HEADER } from './frame.ts'

/** What the bytes of a frame hash to. */
export interface FrameDigests {
  /** SHA-256 of the frame. */
  readonly hash: Buffer
  /** Leaf hashes of its entries, one behind the other. */
  readonly leaves: Buffer
}

/** `frame`: as `encodeFrame` made it, of `count` records. RangeError when their lengths lead out of it. */
export function digestFrame(frame: Buffer, count: number): FrameDigests {
  const leaves = Buffer.allocUnsafe(count * HASH_BYTES)
  let at = FRAME_HEADER
  for (let i = 0; i < count; i += 1) {
    const end = at + RECORD_HEADER + frame.readUInt32BE(at)
    const leaf = hash('sha256', frame.subarray(at + RECORD_HEADER - 1, end), 'binary')
    leaves.write(leaf, i * HASH_BYTES, HASH_BYTES, 'latin1')
    at = end + frame.readUInt32BE(at + 4)
  }
  if (at !== frame.length) throw new RangeError('the records of a frame do not fill it')
  return { hash: frameHash(frame), leaves }
}
