import { describe, expect, it } from 'vitest'
import { leafHash } from './merkle.ts'
import { naive } from './naive-tree.suite.ts'
import { Tree } from './tree.ts'

const leaves = Array.from({ length: 700 }, (_, i) => leafHash(Buffer.from(`entry ${i}`)))

describe('the edge of a growing tree', () => {
  it.each([0, 3, 300])('gives the roots inside its rightmost tiles, going on from %i entries', from => {
    const before = new Tree(() => undefined)
    for (const leaf of leaves.slice(0, from)) before.append(leaf)
    const tree = new Tree(() => undefined, from, before.edges())
    let given = 0
    const wrong: string[] = []
    for (const [i, leaf] of leaves.slice(from).entries()) {
      tree.append(leaf)
      const size = from + i + 1
      if (size % 37 !== 0 && size % 256 > 2) continue
      for (let height = 0; height <= 9; height += 1) {
        for (let index = 0; index <= size / 2 ** height + 1; index += 1) {
          const found = tree.recent(height, index)
          if (found === undefined) continue
          given += 1
          const part = leaves.slice(index * 2 ** height, (index + 1) * 2 ** height)
          const inside = (index + 1) * 2 ** height <= size
          if (!inside || !found.equals(naive.root(part))) wrong.push(`${height}/${index} of ${size}`)
        }
      }
      if (!tree.root().equals(naive.root(leaves.slice(0, size)))) wrong.push(`the root of ${size}`)
    }
    expect(wrong).toEqual([])
    expect(given).toBeGreaterThan(100)
  })
})
