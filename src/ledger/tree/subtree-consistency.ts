import { sameBytes } from '../../kernel/bytes.ts'
import { EMPTY_ROOT, HASH_BYTES, type HashReader, nodeHash, rangeHash, splitPoint } from './merkle.ts'
import { isSubtree, type Subtree } from './subtree.ts'

/**
 * draft-ietf-plants-merkle-tree-certs §4.4.1, SUBTREE_PROOF: that the tree of `size` holds exactly this subtree at
 * its place. With `from` 0 it is the consistency proof of RFC 6962 §2.1.2. Empty for an empty subtree.
 */
export async function subtreeConsistencyProof(
  hashes: HashReader,
  subtree: Subtree,
  size: number,
): Promise<Buffer[]> {
  const { from, to } = subtree
  if (!isSubtree(subtree) || to > size)
    throw new RangeError(`leaves ${from} up to ${to} are no subtree of a tree of ${size}`)
  if (from === to) return []
  const proof: Buffer[] = []
  let start = 0
  let end = size
  // Whether the node of the tree that is looked at is the whole subtree, whose hash the verifier already holds.
  let known = true
  while (!(start >= from && end === to)) {
    const middle = start + splitPoint(end - start)
    if (to <= middle) {
      proof.push(await rangeHash(hashes, middle, end))
      end = middle
    } else {
      proof.push(await rangeHash(hashes, start, middle))
      if (from < middle) known = false
      start = middle
    }
  }
  if (!known) proof.push(await rangeHash(hashes, start, end))
  return proof.reverse()
}

/**
 * draft-ietf-plants-merkle-tree-certs §4.4.3. True only when `proof` shows that the leaves whose hash is
 * `subtreeRoot` are exactly those of `subtree` in the tree of (`size`, `root`). An empty subtree is part of every tree
 * that reaches it, so there the proof must be empty, and nothing is learnt about the tree.
 */
export function verifySubtreeConsistency(
  subtree: Subtree,
  size: number,
  subtreeRoot: Uint8Array,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  const { from, to } = subtree
  if (!isSubtree(subtree) || !Number.isSafeInteger(size) || to > size) return false
  if (proof.some(step => step.length !== HASH_BYTES)) return false
  if (from === to) return proof.length === 0 && sameBytes(subtreeRoot, EMPTY_ROOT)

  const at: Position = { first: from, node: to - 1, last: size - 1 }
  // Up to the largest node that ends where the subtree ends and that is a node of the tree too.
  while (at.first !== at.node && (at.node === at.last || at.node % 2 === 1)) rise(at)
  const path = at.first === at.node ? [subtreeRoot, ...proof] : proof
  const [opening, ...steps] = path
  if (opening === undefined) return false
  let inside = opening
  let whole = opening
  for (const step of steps) {
    if (at.last === 0) return false
    if (at.node % 2 === 1 || at.node === at.last) {
      // Left of the node and still right of where the subtree begins: its part, too.
      if (at.first < at.node) inside = nodeHash(step, inside)
      whole = nodeHash(step, whole)
      while (at.node % 2 === 0 && at.node !== 0) rise(at)
    } else {
      whole = nodeHash(whole, step)
    }
    rise(at)
  }
  return at.last === 0 && sameBytes(inside, subtreeRoot) && sameBytes(whole, root)
}

/** Indices of nodes of one level: where the subtree begins, the node that was reached, the last one of the tree. */
interface Position {
  first: number
  node: number
  last: number
}

function rise(at: Position): void {
  at.first = Math.floor(at.first / 2)
  at.node = Math.floor(at.node / 2)
  at.last = Math.floor(at.last / 2)
}
