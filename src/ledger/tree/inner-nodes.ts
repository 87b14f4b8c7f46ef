import { HASH_BYTES, nodeHash } from './merkle.ts'

/**
 * The hashes of all complete subtrees within a tile, by height above its own hashes: at 0 those themselves, at 1 one for each two
 * of them, and so on as far as there is one. One buffer for each height, hashes one behind the other.
 */
export function innerNodes(hashes: Buffer): readonly Buffer[] {
  const heights: Buffer[] = [hashes]
  for (let below = hashes; below.length >= 2 * HASH_BYTES; ) {
    const above = Buffer.allocUnsafe(Math.floor(below.length / (2 * HASH_BYTES)) * HASH_BYTES)
    for (let at = 0; at < above.length; at += HASH_BYTES) {
      const middle = 2 * at + HASH_BYTES
      nodeHash(below.subarray(2 * at, middle), below.subarray(middle, middle + HASH_BYTES)).copy(above, at)
    }
    heights.push(above)
    below = above
  }
  return heights
}
