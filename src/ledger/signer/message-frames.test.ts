import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { frameMessage, MESSAGE_LIMIT, MessageFrames } from './message-frames.ts'

/** A stream of frames handed over in pieces that end anywhere. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

describe('frames of messages', () => {
  it('come out whole and in order, byte by byte and in any other cut', () => {
    const texts = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), { maxLength: 8 })
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(texts, sizes, (messages, cuts) => {
        const stream = Buffer.concat(messages.map(frameMessage))
        for (const pieces of [cut(stream, [1]), cut(stream, cuts), [stream]]) {
          const frames = new MessageFrames()
          expect(pieces.flatMap(piece => frames.push(piece) ?? ['damaged'])).toEqual(messages)
        }
      }),
    )
  })

  it('are not made of nothing, nor of more than the limit', () => {
    expect(() => frameMessage('')).toThrow(RangeError)
    expect(frameMessage('x'.repeat(MESSAGE_LIMIT))).toHaveLength(MESSAGE_LIMIT + 4)
    expect(() => frameMessage('x'.repeat(MESSAGE_LIMIT + 1))).toThrow(RangeError)
  })

  it.each([
    ['nothing', Buffer.alloc(4)],
    ['more than the limit', Buffer.of(0, 0, 0x40, 1)],
    ['bytes that are no text', Buffer.of(0, 0, 0, 2, 0xc3, 0x28)],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('that hold %s are refused at their first byte too many', (_what, bytes) => {
    expect(new MessageFrames().push(bytes)).toBeUndefined()
  })
})
