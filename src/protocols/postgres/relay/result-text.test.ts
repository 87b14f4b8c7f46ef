import { describe, expect, it } from 'vitest'
import { bindValues } from './bind-values.ts'
import { ResultText } from './result-text.ts'

const row = (...cells: readonly (string | Buffer | null)[]): Buffer => {
  const parts = [Buffer.alloc(2)]
  parts[0]?.writeInt16BE(cells.length)
  for (const cell of cells) {
    const length = Buffer.alloc(4)
    length.writeInt32BE(cell === null ? -1 : Buffer.byteLength(cell))
    parts.push(length, Buffer.from(cell ?? ''))
  }
  return Buffer.concat(parts)
}
const add = (result: ResultText, bytes: Buffer, formats: readonly number[] = []) =>
  result.row(bytes, 0, bytes.length, formats)

describe('ResultText', () => {
  it('one line per row; what would break a line is escaped, binary is hex, NULL is not empty', () => {
    const result = new ResultText(1000)
    result.names(['a', 'b\tc'])
    add(result, row('1', null))
    add(result, row('', 'line\nbreak\\'))
    add(result, row('x', Buffer.from([0, 255])), [0, 1])
    expect(result.text).toBe('a\tb\\tc\n1\t\\N\n\tline\\nbreak\\\\\nx\t\\x00ff\n')
    expect(result.cut).toBe(false)
  })

  it('takes whole rows up to its limit and says that it was cut', () => {
    const result = new ResultText(6)
    for (const text of ['ab', 'cd', 'ef']) add(result, row(text))
    expect(result).toMatchObject({ text: 'ab\ncd\n', cut: true })
    const nothing = new ResultText(2)
    add(nothing, row('abc'))
    expect(nothing).toMatchObject({ text: undefined, cut: true })
  })

  it('copied lines stay as they are, binary ones are hex', () => {
    const result = new ResultText(100)
    result.copied(Buffer.from('a\t1\n'), false)
    result.copied(Buffer.from([1, 2]), true)
    expect(result.text).toBe('a\t1\n\\x0102\n')
  })
})

describe('bindValues', () => {
  const said = (values: readonly (Buffer | null)[], formats: readonly number[] = []) =>
    bindValues({ portal: '', statement: '', formats, values, resultFormats: [] })

  it('text as text, binary as hex, NULL as null', () => {
    expect(said([Buffer.from('é'), Buffer.from([1]), null], [0, 1, 0])).toEqual(['é', '\\x01', null])
    expect(said([Buffer.from([0xff])])).toEqual(['\\xff'])
  })

  it('a long value and what is beyond all bounds are recorded by digest', () => {
    const [long] = said([Buffer.alloc(5000, 97)])
    expect(long).toMatch(/^\(5000 bytes, sha256 [0-9a-f]{64}\)$/)
    const many = said(Array.from({ length: 65_535 }, () => Buffer.from('0123456789')))
    expect(JSON.stringify(many).length).toBeLessThan(20_000)
    expect(many.at(-1)).toMatch(/^\(\d+ more values, sha256 over length and bytes of each [0-9a-f]{64}\)$/)
  })
})
