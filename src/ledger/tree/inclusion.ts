import { sameBytes } from '../../kernel/bytes.ts'
import { HASH_BYTES, type HashReader, nodeHash, rangeHash, splitPoint } from './merkle.ts'

/** RFC 6962 §2.1.1: the audit path of leaf `index` in the tree of `size`, leaf's sibling first. `index` < `size`. */
export async function inclusionProof(hashes: HashReader, index: number, size: number): Promise<Buffer[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`no leaf ${index} in a tree of ${size}`)
  const path: Buffer[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitPoint(to - from)
    if (index < middle) {
      path.push(await rangeHash(hashes, middle, to))
      to = middle
    } else {
      path.push(await rangeHash(hashes, from, middle))
      from = middle
    }
  }
  return path.reverse()
}

/** RFC 9162 §2.1.3.2. True only when `proof` leads from `leaf` at `index` to exactly this root of exactly this size. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false
  if (leaf.length !== HASH_BYTES || proof.some(step => step.length !== HASH_BYTES)) return false
  let node = index
  let last = size - 1
  let hash = leaf
  for (const step of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(step, hash)
      while (node % 2 === 0 && node !== 0) {
        node /= 2
        last = Math.floor(last / 2)
      }
    } else {
      hash = nodeHash(hash, step)
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && sameBytes(hash, root)
}
