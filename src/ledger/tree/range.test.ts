import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leafHash } from './merkle.ts'
import { naive, readerOf } from './naive-tree.suite.ts'
import { proveRange, verifyRange } from './range.ts'

const LEAVES = Array.from({ length: 70 }, (_, i) => leafHash(Buffer.from(`entry ${i}`)))
const STRANGER = leafHash(Buffer.from('stranger'))

describe('a proof of a range', () => {
  it('verifies for every range of every size, and for no other range', async () => {
    for (const size of [1, 2, 3, 7, 8, 13]) {
      const tree = { size, root: naive.root(LEAVES.slice(0, size)) }
      for (let from = 0; from < size; from += 1) {
        for (let to = from + 1; to <= size; to += 1) {
          const proofs = await proveRange(readerOf(LEAVES.slice(0, size)), from, to, size)
          const leaves = LEAVES.slice(from, to)
          expect(verifyRange(leaves, from, to, tree, proofs), `${from}…${to} of ${size}`).toBe(true)
          expect(verifyRange(leaves, from + 1, to + 1, tree, proofs)).toBe(false)
          expect(verifyRange(leaves, from, to + 1, tree, proofs)).toBe(false)
        }
      }
    }
  })

  it('fails for a list with an entry changed, left out, added, or two exchanged', async () => {
    const range = fc.tuple(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(), fc.nat())
    await fc.assert(
      fc.asyncProperty(range, async ([size, a, b, pick]) => {
        const [from, to] = [Math.min(a % size, b % size), Math.max(a % size, b % size) + 1]
        const tree = { size, root: naive.root(LEAVES.slice(0, size)) }
        const proofs = await proveRange(readerOf(LEAVES.slice(0, size)), from, to, size)
        const leaves = LEAVES.slice(from, to)
        const at = pick % leaves.length
        expect(verifyRange(leaves, from, to, tree, proofs)).toBe(true)
        expect(verifyRange(leaves.with(at, STRANGER), from, to, tree, proofs)).toBe(false)
        expect(verifyRange(leaves.toSpliced(at, 1), from, to, tree, proofs)).toBe(false)
        expect(verifyRange(leaves.toSpliced(at, 0, STRANGER), from, to, tree, proofs)).toBe(false)
        expect(verifyRange([...leaves, STRANGER], from, to, tree, proofs)).toBe(false)
        if (at > 0) {
          const [left, right] = [leaves[at - 1] as Buffer, leaves[at] as Buffer]
          const exchanged = leaves.with(at - 1, right).with(at, left)
          expect(verifyRange(exchanged, from, to, tree, proofs)).toBe(false)
        }
        expect(verifyRange(leaves, from, to, { ...tree, root: STRANGER }, proofs)).toBe(false)
      }),
      { numRuns: 200 },
    )
  })

  it('is refused for an empty range, and for one beyond the tree', async () => {
    const tree = { size: 70, root: naive.root(LEAVES) }
    expect(verifyRange([], 3, 3, tree, [])).toBe(false)
    expect(verifyRange([], 71, 71, tree, [])).toBe(false)
    await expect(proveRange(readerOf(LEAVES), 60, 71, 70)).rejects.toThrow(RangeError)
  })
})

interface RangeVector {
  readonly desc: string
  readonly from: number
  readonly to: number
  readonly size: number
  readonly root: string
  readonly proofs: readonly {
    readonly from: number
    readonly to: number
    readonly proof: readonly string[]
  }[]
  readonly wantErr: boolean
}

describe('own vectors', () => {
  const file = readFileSync(join(import.meta.dirname, 'range.vectors.json'), 'utf8')
  const { vectors } = JSON.parse(file) as { readonly vectors: readonly RangeVector[] }
  const hex = (text: string): Buffer => Buffer.from(text, 'hex')

  it.each(vectors)('$desc', async ({ from, to, size, root, proofs, wantErr }) => {
    const given = proofs.map(one => ({ ...one, proof: one.proof.map(hex) }))
    expect(verifyRange(LEAVES.slice(from, to), from, to, { size, root: hex(root) }, given)).toBe(!wantErr)
    if (wantErr) return
    expect(await proveRange(readerOf(LEAVES.slice(0, size)), from, to, size)).toEqual(given)
  })
})
