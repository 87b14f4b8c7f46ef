import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ringMemory, RingReader, RingWriter } from './shared-ring.ts'

describe('a shared ring', () => {
  it('hands on every frame whole and in order, however full it was', () => {
    const frame = fc.record({
      kind: fc.integer({ min: 1, max: 255 }),
      id: fc.nat(0xffffffff),
      bytes: fc.uint8Array({ maxLength: 48 }),
    })
    // Undefined: one is read.
    fc.assert(
      fc.property(fc.array(fc.option(frame, { nil: undefined }), { maxLength: 200 }), steps => {
        const memory = ringMemory(256)
        const [writer, reader] = [new RingWriter(memory), new RingReader(memory)]
        const owed: { kind: number; id: number; bytes: number[] }[] = []
        const read = (): boolean =>
          reader.take(({ kind, id, bytes }) => {
            expect({ kind, id, bytes: [...bytes] }).toEqual(owed.shift())
          }, 0)
        for (const step of steps) {
          if (step === undefined) {
            const some = owed.length > 0
            expect(read()).toBe(some)
          } else if (writer.write(step.kind, step.id, step.bytes, 0))
            owed.push({ ...step, bytes: [...step.bytes] })
        }
        while (owed.length > 0) expect(read()).toBe(true)
        expect(read()).toBe(false)
      }),
    )
  })

  it('takes frames as long as it says, and no more than it has room for', () => {
    const memory = ringMemory(256)
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)]
    const long = new Uint8Array(writer.most).fill(1)
    let taken = 0
    while (writer.write(1, taken, long, 0)) taken++
    expect(taken).toBe(4)
    reader.take(({ id, bytes }) => expect([id, bytes.length]).toEqual([0, long.length]), 0)
    expect(writer.write(1, 4, long, 0)).toBe(true)
    expect(writer.write(1, 5, new Uint8Array(0), 0)).toBe(false)
  })

  it('goes on where positions begin anew', () => {
    const memory = ringMemory(256, 2 ** 32 - 512)
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)]
    for (let frame = 0; frame < 60; frame++) {
      const bytes = new Uint8Array(frame % 40).fill(frame)
      expect(writer.write(1, frame, bytes, 0)).toBe(true)
      expect(reader.take(taken => expect(taken).toEqual({ kind: 1, id: frame, bytes }), 0)).toBe(true)
      expect(reader.take(() => undefined, 0)).toBe(false)
    }
  })

  it('is refused in a size that is no power of two', () => {
    expect(() => ringMemory(1000)).toThrow(RangeError)
  })
})
