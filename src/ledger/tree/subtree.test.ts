import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VECTORS } from '../vectors.suite.ts'
import { leafHash } from './merkle.ts'
import { naive, readerOf } from './naive-tree.suite.ts'
import { isSubtree, subtreesOf } from './subtree.ts'
import { subtreeConsistencyProof, verifySubtreeConsistency } from './subtree-consistency.ts'
import { verifySubtreeInclusion } from './subtree-inclusion.ts'

const LEAVES = Array.from({ length: 40 }, (_, i) => leafHash(Buffer.from(`entry ${i}`)))

/** Every subtree that is not empty of a tree of `size`. */
function subtrees(size: number): { readonly from: number; readonly to: number }[] {
  const all: { from: number; to: number }[] = []
  for (let from = 0; from < size; from += 1)
    for (let to = from + 1; to <= size; to += 1) if (isSubtree({ from, to })) all.push({ from, to })
  return all
}

describe('subtrees', () => {
  it('cover any range exactly, in order, and by no fewer of them is it possible', () => {
    const fewest = (from: number, to: number): number => {
      if (from === to) return 0
      let least = Number.POSITIVE_INFINITY
      for (let end = from + 1; end <= to; end += 1)
        if (isSubtree({ from, to: end })) least = Math.min(least, 1 + fewest(end, to))
      return least
    }
    for (let from = 0; from <= 17; from += 1) {
      for (let to = from; to <= 17; to += 1) {
        const cover = subtreesOf(from, to)
        expect(cover.every(isSubtree)).toBe(true)
        expect([from, ...cover.map(part => part.to)]).toEqual([...cover.map(part => part.from), to])
        expect(cover, `${from} up to ${to}`).toHaveLength(fewest(from, to))
      }
    }
  })

  it('are few for ranges of any size', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        const [from, to] = a < b ? [a, b] : [b, a]
        expect(subtreesOf(from, to).length).toBeLessThanOrEqual(Math.ceil(Math.log2(to - from + 1)) + 1)
      }),
    )
  })

  it('are refused for what is no range', () => {
    for (const [from, to] of [
      [2, 1],
      [-1, 1],
      [0.5, 1],
      [0, 2 ** 53],
    ] as const)
      expect(() => subtreesOf(from, to)).toThrow(RangeError)
  })
})

describe('proofs of subtree consistency', () => {
  it('are those of the oracle and verify, for every subtree of every size', async () => {
    for (const size of [...Array(18).keys(), 31, 32, 33, 40]) {
      const leaves = LEAVES.slice(0, size)
      for (const subtree of subtrees(size)) {
        const { from, to } = subtree
        const proof = await subtreeConsistencyProof(readerOf(leaves), subtree, size)
        expect(proof).toEqual(naive.subtree(from, to, leaves, true))
        const part = naive.root(leaves.slice(from, to))
        expect(verifySubtreeConsistency(subtree, size, part, naive.root(leaves), proof)).toBe(true)
      }
    }
  })

  it('fail at any other place, size or root, and with any hash changed, missing or added', async () => {
    for (const size of [5, 8, 13]) {
      const leaves = LEAVES.slice(0, size)
      const root = naive.root(leaves)
      for (const subtree of subtrees(size)) {
        const proof = await subtreeConsistencyProof(readerOf(leaves), subtree, size)
        const part = naive.root(leaves.slice(subtree.from, subtree.to))
        const width = subtree.to - subtree.from
        for (const other of subtrees(size).filter(({ from, to }) => to - from === width)) {
          expect(verifySubtreeConsistency(other, size, part, root, proof)).toBe(other.from === subtree.from)
        }
        const stranger = LEAVES[39] as Buffer
        expect(verifySubtreeConsistency(subtree, size, stranger, root, proof)).toBe(false)
        expect(verifySubtreeConsistency(subtree, size, part, stranger, proof)).toBe(false)
        expect(verifySubtreeConsistency(subtree, size, part, root, [...proof, stranger])).toBe(false)
        for (const at of proof.keys()) {
          expect(verifySubtreeConsistency(subtree, size, part, root, proof.toSpliced(at, 1))).toBe(false)
          expect(verifySubtreeConsistency(subtree, size, part, root, proof.with(at, stranger))).toBe(false)
        }
      }
    }
  })

  it('are refused for what is no subtree, or lies beyond the tree', async () => {
    const reader = readerOf(LEAVES)
    await expect(subtreeConsistencyProof(reader, { from: 1, to: 3 }, 40)).rejects.toThrow(RangeError)
    await expect(subtreeConsistencyProof(reader, { from: 32, to: 41 }, 40)).rejects.toThrow(RangeError)
  })
})

function vectors(kind: string): { readonly name: string; readonly vector: unknown }[] {
  const folder = join(VECTORS, 'merkle', kind)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.json'))
    .map(name => ({ name, vector: JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown }))
}

const bytes = (text: string | null): Buffer => Buffer.from(text ?? '', 'base64')

interface SubtreeVector {
  readonly start: number
  readonly end: number
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

interface InclusionVector extends SubtreeVector {
  readonly leafIdx: number
  readonly root: string
  readonly leafHash: string
}

interface ConsistencyVector extends SubtreeVector {
  readonly size: number
  readonly root1: string
  readonly root2: string
}

describe.skipIf(!existsSync(VECTORS))('vectors of transparency-dev/merkle', () => {
  it('are all there, both kinds with negatives', () => {
    for (const kind of ['subtreeinclusion', 'subtreeconsistency']) {
      const wanted = new Set(vectors(kind).map(({ vector }) => (vector as SubtreeVector).wantErr))
      expect(wanted, kind).toEqual(new Set([true, false]))
    }
  })

  it.each(vectors('subtreeinclusion'))('subtree inclusion $name', ({ vector }) => {
    const { leafIdx, start, end, root, leafHash: leaf, proof, wantErr } = vector as InclusionVector
    const verified = verifySubtreeInclusion(
      bytes(leaf),
      leafIdx,
      { from: start, to: end },
      bytes(root),
      (proof ?? []).map(bytes),
    )
    expect(verified).toBe(!wantErr)
  })

  it.each(vectors('subtreeconsistency'))('subtree consistency $name', ({ vector }) => {
    const { start, end, size, root1, root2, proof, wantErr } = vector as ConsistencyVector
    const verified = verifySubtreeConsistency(
      { from: start, to: end },
      size,
      bytes(root1),
      bytes(root2),
      (proof ?? []).map(bytes),
    )
    expect(verified).toBe(!wantErr)
  })
})
