import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consistencyProof, verifyConsistency } from './consistency.ts'
import { Frontier } from './frontier.ts'
import { inclusionProof, verifyInclusion } from './inclusion.ts'
import { EMPTY_ROOT, leafHash, rangeHash } from './merkle.ts'
import { VECTORS } from '../vectors.suite.ts'
import { naive, readerOf } from './naive-tree.suite.ts'

const LEAVES = Array.from({ length: 70 }, (_, i) => leafHash(Buffer.from(`entry ${i}`)))

describe('Frontier', () => {
  it('has the root of RFC 6962 at every size, and reports every complete subtree once', () => {
    const frontier = new Frontier()
    expect(frontier.root()).toEqual(EMPTY_ROOT)
    const nodes = new Map<string, Buffer>()
    for (const [i, leaf] of LEAVES.entries()) {
      frontier.append(leaf, (height, index, hash) => {
        expect(nodes.has(`${height}/${index}`)).toBe(false)
        nodes.set(`${height}/${index}`, hash)
      })
      expect(frontier.size).toBe(i + 1)
      expect(frontier.root()).toEqual(naive.root(LEAVES.slice(0, i + 1)))
    }
    for (const [name, hash] of nodes) {
      const [height, index] = name.split('/').map(Number) as [number, number]
      expect(hash).toEqual(naive.root(LEAVES.slice(index * 2 ** height, (index + 1) * 2 ** height)))
    }
    expect(nodes.size).toBe(70 + 35 + 17 + 8 + 4 + 2 + 1)
  })
})

describe('proofs', () => {
  it('of inclusion are those of the oracle and verify, for every leaf of every size', async () => {
    for (const size of [...LEAVES.keys()]
      .map(i => i + 1)
      .filter(size => size <= 18 || [31, 32, 33, 63, 64, 65, 70].includes(size))) {
      const leaves = LEAVES.slice(0, size)
      const root = naive.root(leaves)
      for (let index = 0; index < size; index += 1) {
        const proof = await inclusionProof(readerOf(leaves), index, size)
        expect(proof).toEqual(naive.path(index, leaves))
        expect(verifyInclusion(leaves[index] as Buffer, index, size, root, proof)).toBe(true)
      }
    }
  })

  it('of consistency are those of the oracle and verify, for every pair of sizes', async () => {
    for (let to = 0; to <= 24; to += 1) {
      const leaves = LEAVES.slice(0, to)
      for (let from = 0; from <= to; from += 1) {
        const proof = await consistencyProof(readerOf(leaves), from, to)
        expect(proof).toEqual(from === 0 ? [] : naive.subproof(from, leaves, true))
        expect(
          verifyConsistency(from, to, naive.root(leaves.slice(0, from)), naive.root(leaves), proof),
        ).toBe(true)
      }
    }
  })

  it('fail for any other leaf, index, size, root, or changed, missing or added hash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), async (size, pick, where) => {
        const leaves = LEAVES.slice(0, size)
        const index = pick % size
        const leaf = leaves[index] as Buffer
        const root = naive.root(leaves)
        const proof = await inclusionProof(readerOf(leaves), index, size)
        const flip = (hash: Buffer): Buffer => {
          const other = Buffer.from(hash)
          other[where % 32] = (other[where % 32] ?? 0) ^ (1 << (where % 8))
          return other
        }
        expect(verifyInclusion(flip(leaf), index, size, root, proof)).toBe(false)
        expect(verifyInclusion(leaf, index, size, flip(root), proof)).toBe(false)
        expect(verifyInclusion(leaf, index + 1, size, root, proof)).toBe(false)
        expect(verifyInclusion(leaf, -1, size, root, proof)).toBe(false)
        expect(verifyInclusion(leaf, index, size, root, [...proof, root])).toBe(false)
        for (const at of proof.keys()) {
          expect(verifyInclusion(leaf, index, size, root, proof.with(at, flip(proof[at] as Buffer)))).toBe(
            false,
          )
          expect(verifyInclusion(leaf, index, size, root, proof.toSpliced(at, 1))).toBe(false)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('are refused for what the tree does not hold', async () => {
    await expect(inclusionProof(readerOf([]), 0, 0)).rejects.toThrow(RangeError)
    await expect(consistencyProof(readerOf([]), 2, 1)).rejects.toThrow(RangeError)
  })

  it('range hashes are those of the oracle wherever RFC 6962 groups so', async () => {
    for (let size = 0; size <= 70; size += 1) {
      expect(await rangeHash(readerOf(LEAVES), 0, size)).toEqual(naive.root(LEAVES.slice(0, size)))
    }
  })
})

function vectors(kind: 'inclusion' | 'consistency'): { readonly name: string; readonly vector: unknown }[] {
  const folder = join(VECTORS, 'merkle', kind)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.json'))
    .map(name => ({ name, vector: JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown }))
}

const bytes = (text: string | null): Buffer => Buffer.from(text ?? '', 'base64')

interface InclusionVector {
  readonly leafIdx: number
  readonly treeSize: number
  readonly root: string
  readonly leafHash: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

interface ConsistencyVector {
  readonly size1: number
  readonly size2: number
  readonly root1: string
  readonly root2: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

describe.skipIf(!existsSync(VECTORS))('vectors of transparency-dev/merkle', () => {
  it('are all there, both kinds with negatives', () => {
    for (const kind of ['inclusion', 'consistency'] as const) {
      const wanted = new Set(vectors(kind).map(({ vector }) => (vector as InclusionVector).wantErr))
      expect(wanted, kind).toEqual(new Set([true, false]))
    }
  })

  it.each(vectors('inclusion'))('inclusion $name', ({ vector }) => {
    const { leafIdx, treeSize, root, leafHash: leaf, proof, wantErr } = vector as InclusionVector
    expect(verifyInclusion(bytes(leaf), leafIdx, treeSize, bytes(root), (proof ?? []).map(bytes))).toBe(
      !wantErr,
    )
  })

  it.each(vectors('consistency'))('consistency $name', ({ vector }) => {
    const { size1, size2, root1, root2, proof, wantErr } = vector as ConsistencyVector
    expect(verifyConsistency(size1, size2, bytes(root1), bytes(root2), (proof ?? []).map(bytes))).toBe(
      !wantErr,
    )
  })
})
