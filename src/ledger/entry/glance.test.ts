import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../kernel/json.ts'
import { decodeEntry, encodeEntry, type EntryFields } from './entry.ts'
import { type Glance, GlanceReader } from './glance.ts'

const reader = new GlanceReader()
const hash = fc.stringMatching(/^[0-9a-f]{64}$/)
const text = fc.oneof(fc.stringMatching(/^[ -~]{0,20}$/), fc.string({ unit: 'binary', maxLength: 8 }))
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
)
const data = fc.dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
const fields = fc.record({
  v: fc.constant(1),
  id: text,
  t: fc.oneof(fc.maxSafeNat(), fc.maxSafeInteger()),
  mono: number,
  boot: text,
  src: text,
  sseq: fc.nat(),
  sprev: fc.option(hash, { nil: undefined }),
  type: text,
  subject: fc.option(text, { nil: undefined }),
  target: fc.option(text, { nil: undefined }),
  outcome: fc.option(text, { nil: undefined }),
  data: data.map(value => value as JsonObject),
  commit: fc.option(hash, { nil: undefined }),
})

function glanceOf({ src, sseq, sprev, type, t, commit }: EntryFields): Glance {
  return { src, sseq, sprev, type, t, hasCommit: commit !== undefined }
}

/** Never surer than the slow way, and of one mind with it where it is sure. */
function expectSame(bytes: Buffer): void {
  const glance = reader.read(bytes)
  if (glance === undefined) return
  const slow = decodeEntry(bytes)
  expect(slow, bytes.toString('latin1')).toBeDefined()
  expect(glance).toEqual(slow && glanceOf(slow))
}

describe('a glance', () => {
  it('is enough for the entries that a log is made of', () => {
    const { bytes } = encodeEntry({
      v: 1,
      id: 'e_018f2f5e-0000-7000-8000-000000000000',
      t: 1_700_000_000_000,
      mono: 1234.567_891,
      boot: 'b',
      src: 's_1',
      sseq: 3,
      sprev: 'ab'.repeat(32),
      type: 'action',
      subject: 'p_1',
      target: 'orders-db',
      outcome: 'allowed',
      data: { a: 1, b: [true, null, -2.5, 'x', {}], c: { d: 0 } },
      commit: '01'.repeat(32),
    })
    expect(reader.read(bytes)).toEqual({
      src: 's_1',
      sseq: 3,
      sprev: 'ab'.repeat(32),
      type: 'action',
      t: 1_700_000_000_000,
      hasCommit: true,
    })
  })

  it('sees what the slow way sees, or leaves it to it, whatever the fields hold', () => {
    fc.assert(
      fc.property(fields, one => expectSame(encodeEntry(one).bytes)),
      { numRuns: 500 },
    )
  })

  it('never takes bytes that the slow way refuses: one byte changed, left out or added', () => {
    const change = fc.tuple(fc.nat(), fc.constantFrom('set', 'cut', 'add'), fc.integer({ min: 0, max: 255 }))
    const frequent = fc.constantFrom(...Buffer.from('"{}[],:0123456789-+.eE\\ntfu aAz_'))
    fc.assert(
      fc.property(fields, change, frequent, (one, [where, how, any], usual) => {
        const { bytes } = encodeEntry(one)
        const at = where % bytes.length
        for (const byte of [any, usual]) {
          const tail = bytes.subarray(how === 'add' ? at : at + 1)
          const middle = how === 'cut' ? Buffer.alloc(0) : Buffer.of(byte)
          expectSame(Buffer.concat([bytes.subarray(0, at), middle, tail]))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['names out of order', '{"b":1,"a":2}'],
    ['a name twice', '{"a":1,"a":1}'],
    ['a name that begins like the one before, shorter', '{"ab":1,"a":1}'],
    ['spaces', '{"a": 1}'],
    ['a number with a leading zero', '{"a":01}'],
    ['a negative zero', '{"a":-0}'],
    ['a number with a needless exponent', '{"a":1e1}'],
    ['a number with a needless fraction', '{"a":1.0}'],
    ['a number that a double cannot hold', '{"a":9007199254740993}'],
    ['a needless escape', '{"a":"\\u0041"}'],
    ['an empty object that would be left out', '{}'],
    ['an array', '[]'],
    ['a comma too many', '{"a":[1,]}'],
  ])('is not fooled by %s', (_what, json) => {
    const text = `{"boot":"b","data":${json},"id":"e","mono":1,"src":"s","sseq":0,"t":1,"type":"x","v":1}`
    const bytes = Buffer.from(text)
    expect(reader.read(bytes)).toBeUndefined()
    expect(decodeEntry(bytes)).toBeUndefined()
  })
})
