import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader } from './frame-reader.ts'

interface Seen {
  readonly tag: number
  readonly body: string
}

const frame = (tag: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(5)
  header.writeUInt8(tag, 0)
  header.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}

/** Reads all chunks; joins pieces back together, so that both modes must tell the same story. */
function readAll(reader: FrameReader, chunks: readonly Buffer[]): Seen[] {
  const seen: Seen[] = []
  let parts: Buffer[] = []
  for (const chunk of chunks) {
    reader.feed(chunk)
    while (reader.next()) {
      if (reader.first) parts = []
      parts.push(Buffer.from(reader.bytes.subarray(reader.start, reader.end)))
      if (!reader.last) continue
      const whole = Buffer.concat(parts)
      expect(whole.length).toBe(reader.length)
      seen.push({ tag: reader.tag, body: whole.subarray(5).toString('hex') })
    }
  }
  return seen
}

const frames = fc.array(
  fc.record({ tag: fc.integer({ min: 1, max: 255 }), body: fc.uint8Array({ maxLength: 40 }) }),
  {
    maxLength: 12,
  },
)

describe('FrameReader', () => {
  it('attack 13: gives the same frames however the bytes are delivered, whole or in pieces', () => {
    fc.assert(
      fc.property(
        frames,
        fc.array(fc.integer({ min: 1, max: 30 })),
        fc.integer({ min: 5, max: 50 }),
        (list, cuts, limit) => {
          const stream = Buffer.concat(list.map(one => frame(one.tag, Buffer.from(one.body))))
          const chunks: Buffer[] = []
          let at = 0
          for (let i = 0; at < stream.length; i++) {
            const size = cuts[i % Math.max(cuts.length, 1)] ?? 1
            chunks.push(stream.subarray(at, at + size))
            at += size
          }
          const reader = new FrameReader((_tag, length) => (length > limit ? 'pieces' : 'whole'))
          expect(readAll(reader, chunks)).toEqual(
            list.map(one => ({ tag: one.tag, body: Buffer.from(one.body).toString('hex') })),
          )
          expect(reader.atBorder).toBe(true)
        },
      ),
    )
  })

  it('knows when it stands inside a frame', () => {
    const bytes = frame(65, Buffer.from('hello'))
    for (let cut = 1; cut < bytes.length; cut++) {
      const reader = new FrameReader(() => 'whole')
      readAll(reader, [bytes.subarray(0, cut)])
      expect(reader.atBorder).toBe(false)
      readAll(reader, [bytes.subarray(cut)])
      expect(reader.atBorder).toBe(true)
    }
  })

  it.each([-1, 0, 3, -2147483648])('attack 13: refuses a frame of length %i', length => {
    const bytes = Buffer.alloc(8)
    bytes.writeInt32BE(length, 1)
    const reader = new FrameReader(() => 'whole')
    reader.feed(bytes)
    expect(() => reader.next()).toThrowError(expect.objectContaining({ code: 'protocol.violation' }))
  })

  it('attack 13: a header that promises a gigabyte costs no memory before bytes arrive', () => {
    const header = Buffer.from([81, 0x3f, 0xff, 0xff, 0xff, 1, 2, 3])
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 200 }, () => {
      const reader = new FrameReader(() => 'whole')
      reader.feed(header)
      expect(reader.next()).toBe(false)
      return reader
    })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20)
    expect(readers).toHaveLength(200)
  })

  it('lets the route refuse a tag', () => {
    const reader = new FrameReader(tag => {
      if (tag === 66) throw new Error('no')
      return 'whole'
    })
    reader.feed(frame(66, Buffer.alloc(1)))
    expect(() => reader.next()).toThrowError('no')
  })
})
