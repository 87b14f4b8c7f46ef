import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTilePath, tilePath } from './tile-path.ts'
import { partialTiles } from './tree.ts'

describe('tile paths', () => {
  it.each([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 3, index: 1234067, width: 256 }, 'tile/3/x001/x234/067'],
    [{ level: 0, index: 1067, width: 8 }, 'tile/0/x001/067.p/8'],
    [{ level: 'entries', index: 999, width: 255 }, 'tile/entries/999.p/255'],
    [{ level: 63, index: 1000, width: 1 }, 'tile/63/x001/000.p/1'],
  ] as const)('of %o is %s', (tile, path) => {
    expect(tilePath(tile)).toBe(path)
    expect(parseTilePath(path)).toEqual(tile)
  })

  it('round trip', () => {
    const level = fc.oneof(fc.nat(63), fc.constant('entries' as const))
    const tile = fc.record({ level, index: fc.maxSafeNat(), width: fc.integer({ min: 1, max: 256 }) })
    fc.assert(
      fc.property(tile, one => {
        expect(parseTilePath(tilePath(one))).toEqual(one)
      }),
    )
  })

  it.each([
    'tile/64/000',
    'tile/00/000',
    'tile/0/0',
    'tile/0/0000',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/-1/000',
    '/tile/0/000',
    'tile/0/../000',
    'tile/entry/000',
    'checkpoint',
    'tile/0/000\n',
  ])('refuses %j', path => expect(parseTilePath(path)).toBeUndefined())
})

describe('partialTiles', () => {
  it('are those the specification lists for a tree of 70,000', () => {
    const paths = partialTiles(70_000).map(tilePath)
    expect(paths).toEqual(['tile/entries/273.p/112', 'tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1'])
    expect(partialTiles(256).map(tilePath)).toEqual(['tile/1/000.p/1'])
    expect(partialTiles(0)).toEqual([])
  })
})
