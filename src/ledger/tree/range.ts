import { Frontier } from './frontier.ts'
import { HASH_BYTES, type HashReader } from './merkle.ts'
import { type Subtree, subtreesOf } from './subtree.ts'
import { subtreeConsistencyProof, verifySubtreeConsistency } from './subtree-consistency.ts'

/** One subtree of a range, and that the tree holds it. */
export interface ProvenSubtree extends Subtree {
  /** Hashes of 32 bytes, as draft-ietf-plants-merkle-tree-certs §4.4 orders them. */
  readonly proof: readonly Uint8Array[]
}

/** What the signed head says: `root` of a tree of `size` leaves. */
export interface SignedTree {
  readonly size: number
  readonly root: Uint8Array
}

/**
 * Proof that a list of leaves is exactly the entries `from` up to `to` of the tree of `size`: none changed, none
 * missing, none moved, none added. One proof per subtree of `subtreesOf`, each of which a public subtree verifier can
 * check by itself; at most log2(to - from) of them with log2(size) hashes each. RangeError beyond the tree.
 */
export async function proveRange(
  hashes: HashReader,
  from: number,
  to: number,
  size: number,
): Promise<ProvenSubtree[]> {
  if (to > size) throw new RangeError(`a tree of ${size} has no leaves up to ${to}`)
  const proven: ProvenSubtree[] = []
  for (const subtree of subtreesOf(from, to))
    proven.push({ ...subtree, proof: await subtreeConsistencyProof(hashes, subtree, size) })
  return proven
}

/**
 * True only when `leaves` (leaf hashes of 32 bytes, in order, read once) are exactly the entries `from` up to `to` of
 * the tree, and `proofs` are those of `subtreesOf(from, to)`. Where the range begins and ends comes from the one who
 * asks; a proof that divides it differently is refused, so that a range has one form. An empty range proves nothing
 * and is refused. Holds one hash per level, whatever the length.
 */
export function verifyRange(
  leaves: Iterable<Uint8Array>,
  from: number,
  to: number,
  tree: SignedTree,
  proofs: readonly ProvenSubtree[],
): boolean {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from >= to || to > tree.size)
    return false
  const subtrees = subtreesOf(from, to)
  if (proofs.length !== subtrees.length) return false
  const next = leaves[Symbol.iterator]()
  for (const [i, subtree] of subtrees.entries()) {
    const given = proofs[i]
    if (given === undefined || given.from !== subtree.from || given.to !== subtree.to) return false
    const frontier = new Frontier()
    while (frontier.size < subtree.to - subtree.from) {
      const { done, value } = next.next()
      if (done === true || value.length !== HASH_BYTES) return false
      frontier.append(Buffer.from(value.buffer, value.byteOffset, value.length))
    }
    if (!verifySubtreeConsistency(subtree, tree.size, frontier.root(), tree.root, given.proof)) return false
  }
  return next.next().done === true
}
