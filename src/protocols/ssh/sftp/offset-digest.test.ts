import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OffsetDigest } from './offset-digest.ts'

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const piece = fc.record({ offset: fc.integer({ min: 0, max: 60 }), length: fc.integer({ min: 1, max: 12 }) })

describe('OffsetDigest', () => {
  it('pieces of one stretch, in any order within the window, have the digest of the stretch', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 12 }),
        fc.nat(1000),
        fc.infiniteStream(fc.nat()),
        (parts, from, picks) => {
          let at = from
          const all = parts.map(part => {
            const data = Buffer.from(part)
            at += data.length
            return { offset: at - data.length, data }
          })
          const digest = new OffsetDigest()
          // As a client asks in order and is answered in any.
          digest.begin(from)
          const left = [...all]
          while (left.length > 0) {
            const [next] = left.splice((picks.next().value as number) % left.length, 1)
            if (!next) continue
            const memory = Buffer.from(next.data)
            digest.add(next.offset, memory)
            memory.fill(0)
          }
          const whole = Buffer.concat(all.map(({ data }) => data))
          expect(digest.told()).toEqual({ bytes: whole.length, from, sha256: sha256(whole) })
        },
      ),
    )
  })

  it('any pieces at all: a digest only where they tile one stretch from the first, as a plain model says', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), list => {
        const digest = new OffsetDigest()
        const file = Buffer.alloc(100, 0)
        const covered = Array.from({ length: 100 }, () => 0)
        for (const [i, { offset, length }] of list.entries()) {
          const data = Buffer.alloc(length, i + 1)
          digest.add(offset, data)
          data.copy(file, offset)
          for (let at = offset; at < offset + length; at++) covered[at] = (covered[at] ?? 0) + 1
        }
        const bytes = list.reduce((sum, { length }) => sum + length, 0)
        const from = list[0]?.offset ?? 0
        const whole = file.subarray(from, from + bytes)
        const tiles = covered.every((times, at) => times === (at >= from && at < from + bytes ? 1 : 0))
        expect(digest.told()).toEqual(tiles ? { bytes, from, sha256: sha256(whole) } : { bytes })
      }),
      { numRuns: 500 },
    )
  })

  it('attack 13: what waits for earlier data is bounded, and then is scattered access', () => {
    const digest = new OffsetDigest()
    digest.begin(0)
    const data = Buffer.alloc(32_768)
    for (let i = 1; i <= 33; i++) digest.add(i * data.length, data)
    digest.add(0, data)
    expect(digest.told()).toEqual({ bytes: 34 * data.length })
    const tiny = new OffsetDigest()
    tiny.begin(0)
    for (let i = 1; i <= 300; i++) tiny.add(i, Buffer.from('x'))
    tiny.add(0, Buffer.from('x'))
    expect(tiny.told()).toEqual({ bytes: 301 })
  })

  it('offsets that no number tells apart are scattered access', () => {
    const digest = new OffsetDigest()
    digest.begin(2 ** 60)
    digest.add(2 ** 60, Buffer.from('x'))
    expect(digest.told()).toEqual({ bytes: 1 })
  })

  it('told twice, added to in between', () => {
    const digest = new OffsetDigest()
    digest.add(5, Buffer.from('ab'))
    expect(digest.told().sha256).toBe(sha256(Buffer.from('ab')))
    digest.add(7, Buffer.from('c'))
    expect(digest.told()).toEqual({ bytes: 3, from: 5, sha256: sha256(Buffer.from('abc')) })
  })
})
