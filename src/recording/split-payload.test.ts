import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinPayload, splitPayload } from './split-payload.ts'

const text = fc.oneof(
  fc.string({ maxLength: 50 }),
  fc.nat(120_000).map(length => 'é\u{1F511}x'.repeat(length / 4)),
)

describe('long payloads', () => {
  it('come back as they were, each part within the limit of an entry', () => {
    fc.assert(
      fc.property(
        fc.record({ text, result: text, values: fc.array(text, { maxLength: 3 }), n: fc.nat() }),
        payload => {
          const split = splitPayload(payload)
          for (const part of split.parts)
            expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThan(250 * 1024)
          expect(Buffer.byteLength(JSON.stringify(split.payload))).toBeLessThan(250 * 1024)
          expect(joinPayload(split.parts, split.payload)).toEqual(payload)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('a part that was changed is not joined into a false whole', () => {
    const { parts, payload } = splitPayload({ text: 'a'.repeat(100_000) })
    const forged = parts.map((part, index) =>
      index === 1 ? { ...part, text: 'b'.repeat(part.text.length) } : part,
    )
    expect(joinPayload(forged, payload)).toEqual(payload)
  })
})
