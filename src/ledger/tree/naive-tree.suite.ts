import { createHash } from 'node:crypto'
import type { HashReader } from './merkle.ts'

/** RFC 6962 §2.1 written down as it stands there, without any cleverness: the oracle for everything else. */
export const naive = {
  hash: (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest(),
  split: (n: number): number => {
    let k = 1
    while (k << 1 < n) k <<= 1
    return k
  },
  root(leaves: readonly Buffer[]): Buffer {
    if (leaves.length === 0) return this.hash()
    if (leaves.length === 1) return leaves[0] as Buffer
    const k = this.split(leaves.length)
    return this.hash(Buffer.of(1), this.root(leaves.slice(0, k)), this.root(leaves.slice(k)))
  },
  path(m: number, leaves: readonly Buffer[]): Buffer[] {
    if (leaves.length === 1) return []
    const k = this.split(leaves.length)
    return m < k
      ? [...this.path(m, leaves.slice(0, k)), this.root(leaves.slice(k))]
      : [...this.path(m - k, leaves.slice(k)), this.root(leaves.slice(0, k))]
  },
  subproof(m: number, leaves: readonly Buffer[], known: boolean): Buffer[] {
    if (m === leaves.length) return known ? [] : [this.root(leaves)]
    const k = this.split(leaves.length)
    return m <= k
      ? [...this.subproof(m, leaves.slice(0, k), known), this.root(leaves.slice(k))]
      : [...this.subproof(m - k, leaves.slice(k), false), this.root(leaves.slice(0, k))]
  },
  /** draft-ietf-plants-merkle-tree-certs §4.4.1, SUBTREE_SUBPROOF. */
  subtree(from: number, to: number, leaves: readonly Buffer[], known: boolean): Buffer[] {
    if (from === 0 && to === leaves.length) return known ? [] : [this.root(leaves)]
    const k = this.split(leaves.length)
    const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
    if (to <= k) return [...this.subtree(from, to, left, known), this.root(right)]
    if (from >= k) return [...this.subtree(from - k, to - k, right, known), this.root(left)]
    return [...this.subtree(0, to - k, right, false), this.root(left)]
  },
}

/** Reads from a list of leaves; refuses what a tree of that size does not hold in full. */
export function readerOf(leaves: readonly Buffer[]): HashReader {
  return {
    node(height, index) {
      const width = 2 ** height
      const part = leaves.slice(index * width, (index + 1) * width)
      if (part.length !== width) throw new RangeError('not complete')
      return Promise.resolve(naive.root(part))
    },
  }
}
