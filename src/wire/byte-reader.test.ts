import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

const field = fc.oneof(
  fc.record({ kind: fc.constant('uint8' as const), value: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('int16' as const), value: fc.integer({ min: -32_768, max: 32_767 }) }),
  fc.record({
    kind: fc.constant('int32' as const),
    value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  }),
  fc.record({
    kind: fc.constant('cstring' as const),
    value: fc.string({ unit: 'grapheme', maxLength: 300 }).filter(text => !text.includes('\0')),
  }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 700 }) }),
)

describe('ByteWriter and ByteReader', () => {
  it('read back what was written, across every growth of the buffer', () => {
    const writer = new ByteWriter()
    fc.assert(
      fc.property(fc.array(field, { maxLength: 30 }), fields => {
        writer.clear()
        for (const one of fields) {
          if (one.kind === 'cstring') writer.cstring(one.value)
          else if (one.kind === 'bytes') writer.bytes(one.value)
          else writer[one.kind](one.value)
        }
        const reader = new ByteReader(writer.take())
        for (const one of fields) {
          if (one.kind === 'cstring') expect(reader.cstring()).toBe(one.value)
          else if (one.kind === 'bytes') expect(reader.bytes(one.value.length).equals(one.value)).toBe(true)
          else expect(reader[one.kind]()).toBe(one.value)
        }
        reader.end()
      }),
    )
  })

  it('a message that could not be finished leaves nothing in the next', () => {
    const writer = new ByteWriter()
    expect(() => writer.uint8(1).cstring('a\0b')).toThrow(/NUL/)
    expect(writer.clear().uint8(2).take()).toEqual(Buffer.from([2]))
  })

  it('attack 13: never reads beyond its message', () => {
    const violation = expect.objectContaining({ code: 'protocol.violation' }) as Error
    const bytes = Buffer.from('abc\0def')
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: -5, max: 20 }),
        (a, b, length) => {
          const [start, end] = a < b ? [a, b] : [b, a]
          const reader = new ByteReader(bytes, start, end)
          if (length >= 0 && length <= end - start) expect(reader.bytes(length)).toHaveLength(length)
          else expect(() => reader.bytes(length)).toThrow(violation)
        },
      ),
    )
    expect(() => new ByteReader(bytes, 0, 3).cstring()).toThrow(violation)
    expect(() => new ByteReader(bytes, 0, 3).int32()).toThrow(violation)
    expect(() => new ByteReader(bytes).end()).toThrow(violation)
  })
})
