import { verifyInclusion } from './inclusion.ts'
import { isSubtree, type Subtree } from './subtree.ts'

/**
 * draft-ietf-plants-merkle-tree-certs §4.3.2. True only when `proof` leads from `leaf` at `index` of the log to exactly
 * the hash `root` of this subtree. What it proves of the log is left to the subtree's own consistency proof.
 */
export function verifySubtreeInclusion(
  leaf: Uint8Array,
  index: number,
  subtree: Subtree,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  const { from, to } = subtree
  return isSubtree(subtree) && verifyInclusion(leaf, index - from, to - from, root, proof)
}
