import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import type { JsonObject, JsonValue } from '../../kernel/json.ts'
import { decodeEntry, encodeEntry, ENTRY_LIMIT, type EntryFields } from './entry.ts'
import { jcs } from './jcs.ts'

const json = fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<JsonValue>
const object = fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), json, {
  maxKeys: 5,
}) as fc.Arbitrary<JsonObject>
const text = fc.string({ unit: 'binary', maxLength: 20 })
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes).toString('hex'))

const fields: fc.Arbitrary<EntryFields> = fc.record({
  v: fc.constant(1),
  id: text,
  t: fc.maxSafeNat(),
  mono: fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }),
  boot: text,
  src: text,
  sseq: fc.maxSafeNat(),
  sprev: optional(hex),
  type: text,
  subject: optional(text),
  target: optional(text),
  outcome: optional(text),
  data: object,
  commit: optional(hex),
})

/** As a general implementation of RFC 8785 writes them. */
function oracle({ data, ...rest }: EntryFields): string {
  const isEmpty = Object.values(data).every(value => value === undefined)
  return canonicalJson({ ...rest, ...(isEmpty ? {} : { data }) })
}

describe('jcs', () => {
  it('writes what a general implementation of RFC 8785 writes', () => {
    fc.assert(
      fc.property(json, value => {
        expect(jcs(value)).toBe(canonicalJson(value))
      }),
      { numRuns: 300 },
    )
  })

  it('sorts keys by UTF-16 units and leaves out what is undefined', () => {
    expect(jcs({ '\u{1f600}': 1, ﬁ: 2, a: undefined, Z: { b: undefined } })).toBe('{"Z":{},"😀":1,"ﬁ":2}')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s', value => {
    expect(() => jcs({ a: [value] })).toThrow(TypeError)
  })
})

describe('entries', () => {
  it('are JCS, hash as RFC 6962 leaves, and read back as they were', () => {
    fc.assert(
      fc.property(fields, entry => {
        const { bytes, leafHash } = encodeEntry(entry)
        expect(bytes.toString()).toBe(oracle(entry))
        expect(leafHash).toEqual(createHash('sha256').update('\0').update(bytes).digest())
        const back = decodeEntry(bytes)
        expect(back && encodeEntry(back).bytes).toEqual(bytes)
        expect(bytes.includes('\n')).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  const plain: EntryFields = {
    v: 1,
    id: 'e_1',
    t: 5,
    mono: 1.5,
    boot: 'b',
    src: 'control',
    sseq: 0,
    type: 'x',
    data: { a: 1 },
  }

  it('are refused above 32 KiB, never trimmed', () => {
    const of = (length: number): EntryFields => ({ ...plain, data: { a: 'x'.repeat(length) } })
    const overhead = encodeEntry(of(0)).bytes.length
    expect(encodeEntry(of(ENTRY_LIMIT - overhead)).bytes).toHaveLength(ENTRY_LIMIT)
    expect(() => encodeEntry(of(ENTRY_LIMIT - overhead + 1))).toThrow(
      expect.objectContaining({ code: 'ledger.too_large' }),
    )
  })

  it.each([
    ['another order', '{"id":"e_1","boot":"b","mono":1.5,"src":"control","sseq":0,"t":5,"type":"x","v":1}'],
    [
      'an unknown name',
      '{"boot":"b","id":"e_1","mono":1.5,"src":"control","sseq":0,"t":5,"type":"x","v":1,"x":1}',
    ],
    [
      'a double name',
      '{"boot":"b","boot":"b","id":"e_1","mono":1.5,"src":"control","sseq":0,"t":5,"type":"x","v":1}',
    ],
    ['another version', '{"boot":"b","id":"e_1","mono":1.5,"src":"control","sseq":0,"t":5,"type":"x","v":2}'],
    [
      'empty data',
      '{"boot":"b","data":{},"id":"e_1","mono":1.5,"src":"control","sseq":0,"t":5,"type":"x","v":1}',
    ],
    [
      'a number written otherwise',
      '{"boot":"b","id":"e_1","mono":1.50,"src":"control","sseq":0,"t":5,"type":"x","v":1}',
    ],
    ['a line end', '{"boot":"b","id":"e_1","mono":1.5,"src":"control","sseq":0,"t":5,"type":"x","v":1}\n'],
    ['a list', '[]'],
    ['nothing', ''],
  ])('with %s are refused', (_what, bytes) => expect(decodeEntry(Buffer.from(bytes))).toBeUndefined())

  it('of random bytes are refused', () => {
    for (let i = 0; i < 50; i += 1) expect(decodeEntry(randomBytes(i))).toBeUndefined()
  })
})
