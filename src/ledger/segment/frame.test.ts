import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeFrame,
  encodeFrame,
  findMagic,
  frameHash,
  type FrameRecord,
  logIdOf,
  NO_FRAME,
} from './frame.ts'

const part = fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes))
const record: fc.Arbitrary<FrameRecord> = fc.record({ entry: part, sealed: part })
const records = fc.array(record, { minLength: 1, maxLength: 6 })
const head = fc.record({
  logId: fc.string().map(logIdOf),
  epoch: fc.nat(0xffff_ffff),
  first: fc.maxSafeNat(),
  previous: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes)),
})

describe('frames', () => {
  it('read back as they were written, wherever they stand', () => {
    fc.assert(
      fc.property(head, records, fc.nat(50), (head, records, offset) => {
        const bytes = encodeFrame(head, records)
        const frame = decodeFrame(Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(7)]), offset)
        expect(frame).toMatchObject({
          ...head,
          count: records.length,
          end: offset + bytes.length,
          hash: frameHash(bytes),
        })
        expect(frame?.records.map(({ entry, sealed }) => ({ entry, sealed }))).toEqual(records)
        for (const placed of frame?.records ?? [])
          expect(placed.prefixed).toEqual(Buffer.concat([Buffer.of(0), placed.entry]))
      }),
    )
  })

  const bytes = encodeFrame({ logId: logIdOf('o'), epoch: 1, first: 7, previous: NO_FRAME }, [
    { entry: Buffer.from('one'), sealed: Buffer.from('sealed') },
    { entry: Buffer.from('two'), sealed: Buffer.alloc(0) },
  ])

  it('are not there until their last byte has arrived, truncated at every byte', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeFrame(bytes.subarray(0, length)), `${length} bytes`).toBeUndefined()
      // As a torn write leaves it in a zero-filled segment.
      const torn = Buffer.concat([bytes.subarray(0, length), Buffer.alloc(bytes.length)])
      const whole = bytes.subarray(length).every(byte => byte === 0)
      expect(decodeFrame(torn) === undefined, `${length} bytes and zeros`).toBe(!whole)
    }
  })

  it('are refused with any bit of any byte flipped', () => {
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Buffer.from(bytes)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
        expect(decodeFrame(flipped), `byte ${at} bit ${bit}`).toBeUndefined()
      }
    }
  })

  it('are found again behind rubbish, and random bytes are none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), rubbish => {
        const foreign = Buffer.from(rubbish)
        expect(decodeFrame(foreign)).toBeUndefined()
        expect(findMagic(Buffer.concat([foreign, bytes]), 0)).toBe(foreign.length)
      }),
    )
  })
})
