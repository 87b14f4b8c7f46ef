import { sameBytes } from '../../kernel/bytes.ts'
import { EMPTY_ROOT, HASH_BYTES, type HashReader, nodeHash, rangeHash, splitPoint } from './merkle.ts'

/** RFC 6962 §2.1.2: proof that the tree of `to` extends the tree of `from`. Empty when they are equal or `from` is 0. */
export async function consistencyProof(hashes: HashReader, from: number, to: number): Promise<Buffer[]> {
  if (!(from >= 0 && from <= to)) throw new RangeError(`a tree of ${to} does not extend one of ${from}`)
  if (from === 0 || from === to) return []
  const proof: Buffer[] = []
  let start = 0
  let end = to
  // Whether the old tree's part below is a subtree whose root the verifier already holds.
  let known = true
  while (from !== end) {
    const middle = start + splitPoint(end - start)
    if (from <= middle) {
      proof.push(await rangeHash(hashes, middle, end))
      end = middle
    } else {
      proof.push(await rangeHash(hashes, start, middle))
      start = middle
      known = false
    }
  }
  if (!known) proof.push(await rangeHash(hashes, start, end))
  return proof.reverse()
}

/**
 * RFC 9162 §2.1.4.2. True only when `proof` shows that the tree of (`to`, `toRoot`) begins with the tree of
 * (`from`, `fromRoot`). Everything extends the empty tree, so there the proof must be empty.
 */
export function verifyConsistency(
  from: number,
  to: number,
  fromRoot: Uint8Array,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from > to) return false
  if (proof.some(step => step.length !== HASH_BYTES)) return false
  if (from === 0 && !(sameBytes(fromRoot, EMPTY_ROOT) && toRoot.length === HASH_BYTES)) return false
  if (from === to) return proof.length === 0 && sameBytes(fromRoot, toRoot)
  if (from === 0) return proof.length === 0

  let node = from - 1
  let last = to - 1
  while (node % 2 === 1) {
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  // A power of two is a subtree of the new tree as it stands: its root opens the path and is left out of the proof.
  const path = node === 0 ? [fromRoot, ...proof] : proof
  const [first, ...steps] = path
  if (first === undefined) return false
  let older = first
  let newer = first
  for (const step of steps) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      older = nodeHash(step, older)
      newer = nodeHash(step, newer)
      while (node % 2 === 0 && node !== 0) {
        node /= 2
        last = Math.floor(last / 2)
      }
    } else {
      newer = nodeHash(newer, step)
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && sameBytes(older, fromRoot) && sameBytes(newer, toRoot)
}
