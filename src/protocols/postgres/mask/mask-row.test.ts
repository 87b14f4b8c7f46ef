import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../wire/byte-reader.ts'
import { END_BYTES, maskEnd, type ColumnMask, type RowPlan } from './keep.ts'
import { lengthOf, maskRow, rowHeader } from './mask-row.ts'
import { RowInPieces } from './mask-row-pieces.ts'

type Cell = Buffer | null

function message(cells: readonly Cell[]): Buffer {
  const count = Buffer.alloc(2)
  count.writeUInt16BE(cells.length)
  const body = Buffer.concat([
    count,
    ...cells.flatMap(cell => [lengthOf(cell ?? undefined), cell ?? Buffer.alloc(0)]),
  ])
  return Buffer.concat([rowHeader(body.length), body])
}

/** Read a second time, by another reader than the code has. */
function cellsOf(row: Buffer): Cell[] {
  expect(row.readInt32BE(1)).toBe(row.length - 1)
  const fields = new ByteReader(row, 5, row.length)
  const cells = Array.from({ length: fields.uint16() }, () => {
    const length = fields.int32()
    return length < 0 ? null : Buffer.from(fields.bytes(length))
  })
  fields.end()
  return cells
}

function expected(cells: readonly Cell[], plan: RowPlan): Cell[] {
  return cells.map((cell, place) => {
    const mask = plan[place]
    if (cell === null || mask === undefined) return cell
    return mask === 'null' ? null : maskEnd(cell.subarray(-END_BYTES), mask)
  })
}

const rows = fc
  .array(
    fc.record({
      cell: fc.option(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
          fc.emailAddress().map(text => Buffer.from(text)),
          fc.nat(5000).map(length => Buffer.alloc(length, 'x')),
        ),
      ),
      mask: fc.option(fc.constantFrom<ColumnMask>('nothing', 'domain', 'last4', 'null'), { nil: undefined }),
    }),
    { maxLength: 8 },
  )
  .map(columns => ({ cells: columns.map(one => one.cell), plan: columns.map(one => one.mask) }))

describe('a masked DataRow', () => {
  it('has the masked columns replaced and all others untouched, in text as in binary', () => {
    fc.assert(
      fc.property(rows, ({ cells, plan }) => {
        const row = message(cells)
        const out = maskRow(row, 5, row.length, plan) ?? row
        expect(cellsOf(out)).toEqual(expected(cells, plan))
      }),
    )
  })

  it('comes out the same in pieces, split anywhere, also byte by byte', () => {
    fc.assert(
      fc.property(rows, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (given, cuts) => {
        const { cells } = given
        const plan = given.plan.every(mask => mask === undefined)
          ? [...given.plan, 'null' as const]
          : given.plan
        const row = message(plan.length > cells.length ? [...cells, Buffer.from('x')] : cells)
        const pieces = new RowInPieces(plan, row.length)
        const out: Buffer[] = []
        for (let at = 5, i = 0; at < row.length; i++) {
          const next = Math.min(row.length, at + (cuts[i % cuts.length] ?? 1))
          out.push(pieces.feed(row.subarray(at, next)))
          at = next
        }
        expect(Buffer.concat(out)).toEqual(maskRow(row, 5, row.length, plan) ?? row)
      }),
    )
  })

  it('attack 13: a length that lies, or other columns than announced, ends the session', () => {
    const row = message([Buffer.from('abc'), Buffer.from('def')])
    expect(() => maskRow(row, 5, row.length, ['nothing'])).toThrow('other columns')
    for (const length of [4, 100, 0x7fffffff]) {
      const wrong = Buffer.from(row)
      wrong.writeInt32BE(length, 14)
      expect(() => maskRow(wrong, 5, wrong.length, ['nothing', undefined])).toThrow('other columns')
    }
    expect(() => maskRow(row, 5, 6, ['nothing'])).toThrow('other columns')
  })

  it('attack 13: holds no more than its bound of what stands before the masked column', () => {
    const pieces = new RowInPieces([undefined, 'nothing'], 1 << 30)
    const count = Buffer.from([0, 2])
    expect(pieces.feed(Buffer.concat([count, lengthOf(Buffer.alloc(0))])).length).toBe(0)
    const long = new RowInPieces([undefined, 'nothing'], 1 << 30)
    const length = Buffer.alloc(4)
    length.writeInt32BE(1 << 29)
    long.feed(Buffer.concat([count, length]))
    const chunk = Buffer.alloc(1 << 20)
    expect(() => {
      for (let fed = 0; fed < 20; fed++) long.feed(chunk)
    }).toThrow('more than 16 MiB before a masked column')
  })

  it('streams what stands behind the masked column, however long it is', () => {
    const size = 64 << 20
    const pieces = new RowInPieces(['nothing', undefined], 5 + 2 + 4 + 3 + 4 + size)
    const length = Buffer.alloc(4)
    length.writeInt32BE(size)
    let out = pieces.feed(
      Buffer.concat([Buffer.from([0, 2]), lengthOf(Buffer.alloc(3)), Buffer.from('abc'), length]),
    ).length
    const chunk = Buffer.alloc(1 << 20)
    for (let fed = 0; fed < 64; fed++) out += pieces.feed(chunk).length
    expect(out).toBe(5 + 2 + 4 + 4 + 4 + size)
  })
})
