import { hash } from 'node:crypto'

/** Bytes of one SHA-256. */
export const HASH_BYTES = 32

/** RFC 6962 §2.1: the root of the tree without leaves is the hash of nothing. */
export const EMPTY_ROOT: Buffer = hash('sha256', new Uint8Array(0), 'buffer')

const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01

/** A digest as a string of its 32 bytes written into pooled memory costs half of what a buffer of its own does. */
function sha256(bytes: Uint8Array): Buffer {
  const digest = Buffer.allocUnsafe(HASH_BYTES)
  digest.write(hash('sha256', bytes, 'binary'), 0, HASH_BYTES, 'latin1')
  return digest
}

/** RFC 6962 §2.1: SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(1 + entry.length)
  prefixed[0] = LEAF_PREFIX
  prefixed.set(entry, 1)
  return sha256(prefixed)
}

/** The leaf hash of an entry that already stands behind its 0x00 byte, as in a frame: no copy. */
export function leafHashOfPrefixed(prefixed: Uint8Array): Buffer {
  return sha256(prefixed)
}

// Owned by nodeHash, which is synchronous and leaves nothing in it that is read again.
const pair = Buffer.alloc(1 + 2 * HASH_BYTES)
pair[0] = NODE_PREFIX

/** RFC 6962 §2.1: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1)
  pair.set(right, 1 + HASH_BYTES)
  return sha256(pair)
}

/** The largest power of two smaller than `size` (RFC 6962 §2.1); `size` ≥ 2. Sizes go up to 2^53 - 1, so no bit tricks. */
export function splitPoint(size: number): number {
  let half = 1
  while (half * 2 < size) half *= 2
  return half
}

/**
 * Reads hashes of complete subtrees. `node(height, index)` is the Merkle Tree Hash of the 2^height leaves that begin
 * at `index * 2^height`; it is asked only for subtrees that the tree in question holds in full. The answer must be
 * authentic: proofs are assembled from it without another check.
 */
export interface HashReader {
  node(height: number, index: number): Promise<Buffer>
}

/** The Merkle Tree Hash of leaves `from` up to, not including, `to`: one read per complete subtree, left to right. */
export async function rangeHash(hashes: HashReader, from: number, to: number): Promise<Buffer> {
  if (to === from) return EMPTY_ROOT
  const parts: Buffer[] = []
  let at = from
  while (at < to) {
    let height = 0
    let width = 1
    while (at % (width * 2) === 0 && at + width * 2 <= to) {
      width *= 2
      height += 1
    }
    parts.push(await hashes.node(height, at / width))
    at += width
  }
  // Aligned ranges shrink to the right, so joining from the right is RFC 6962's own grouping.
  let root = parts.pop() ?? EMPTY_ROOT
  for (let left = parts.pop(); left !== undefined; left = parts.pop()) root = nodeHash(left, root)
  return root
}
