import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PacketReader } from './packet-reader.ts'
import { packet } from './packets.suite.ts'

interface Seen {
  readonly type: number
  readonly bytes: string
}

/** Joins pieces again; `position` and `atBorder` must agree with what came. */
function readAll(reader: PacketReader, chunks: readonly Buffer[], head: number): Seen[] {
  const seen: Seen[] = []
  let parts: Buffer[] = []
  for (const chunk of chunks) {
    reader.feed(chunk)
    while (reader.next()) {
      const piece = Buffer.from(reader.bytes.subarray(reader.start, reader.end))
      if (reader.first) {
        parts = []
        expect(piece.length).toBeGreaterThanOrEqual(Math.min(head, reader.length))
      }
      parts.push(piece)
      if (!reader.last) continue
      const whole = Buffer.concat(parts)
      expect(whole).toHaveLength(reader.length)
      seen.push({ type: reader.type, bytes: whole.toString('hex') })
    }
    expect(reader.position).toBe(chunk.length)
  }
  return seen
}

describe('PacketReader', () => {
  it('attack 13: gives the same packets however the bytes are delivered, with the head that was asked for', () => {
    const packets = fc.array(
      fc.record({ type: fc.integer({ min: 0, max: 255 }), body: fc.uint8Array({ maxLength: 60 }) }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(
        packets,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.integer({ min: 0, max: 80 }),
        (list, cuts, head) => {
          const whole = list.map(({ type, body }) => packet(type, Buffer.from(body)))
          const stream = Buffer.concat(whole)
          const chunks: Buffer[] = []
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = cuts[i % cuts.length] ?? 1
            chunks.push(stream.subarray(at, at + size))
            at += size
          }
          const reader = new PacketReader((_type, length) => Math.min(length, head))
          expect(readAll(reader, chunks, head)).toEqual(
            whole.map(bytes => ({ type: bytes[4], bytes: bytes.toString('hex') })),
          )
          expect(reader.atBorder).toBe(true)
        },
      ),
    )
  })

  it('knows when it stands inside a packet', () => {
    const bytes = packet(7, 'hello')
    for (let cut = 1; cut < bytes.length; cut++) {
      const reader = new PacketReader(() => 6)
      for (const [part, border] of [
        [bytes.subarray(0, cut), false],
        [bytes.subarray(cut), true],
      ] as const) {
        reader.feed(part)
        while (reader.next());
        expect(reader.atBorder).toBe(border)
      }
    }
  })

  it('attack 13: refuses a packet without a type, and what its route refuses, before any of it is held', () => {
    const violation = expect.objectContaining({ code: 'protocol.violation' }) as Error
    const reader = new PacketReader(() => 5)
    reader.feed(Buffer.from([0, 0, 0, 0, 1]))
    expect(() => reader.next()).toThrow(violation)
    const strict = new PacketReader((_type, length) => {
      if (length > 1000) throw new Error('too large')
      return length
    })
    strict.feed(Buffer.from([0xff, 0xff, 0xff, 0xff, 1]))
    expect(() => strict.next()).toThrow('too large')
  })

  it('hands on data without copying them', () => {
    const chunk = packet(6, Buffer.alloc(1000))
    const reader = new PacketReader(() => 20)
    reader.feed(chunk)
    expect(reader.next()).toBe(true)
    expect(reader.bytes).toBe(chunk)
  })
})
