import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault } from '../../../kernel/faults.ts'
import { type ConnectionMessage, decodeConnection, encodeConnection } from './connection.ts'

const id = fc.nat({ max: 0xffff_ffff })
const bytes = fc.uint8Array({ maxLength: 80 }).map(value => Buffer.from(value))
const text = fc.string({ maxLength: 40, unit: 'grapheme' })

const message: fc.Arbitrary<ConnectionMessage> = fc.oneof(
  fc.record({
    type: fc.constant('global_request' as const),
    name: text,
    wantReply: fc.boolean(),
    data: bytes,
  }),
  fc.record({ type: fc.constant('request_success' as const), data: bytes }),
  fc.record({ type: fc.constant('request_failure' as const) }),
  fc.record({
    type: fc.constant('open' as const),
    channel: text,
    sender: id,
    window: id,
    maxPacket: id,
    data: bytes,
  }),
  fc.record({
    type: fc.constant('confirmation' as const),
    recipient: id,
    sender: id,
    window: id,
    maxPacket: id,
    data: bytes,
  }),
  fc.record({ type: fc.constant('open_failure' as const), recipient: id, reason: id, text }),
  fc.record({ type: fc.constant('window_adjust' as const), recipient: id, bytes: id }),
  fc.record({ type: fc.constant('data' as const), recipient: id, data: bytes }),
  fc.record({ type: fc.constant('extended_data' as const), recipient: id, code: id, data: bytes }),
  fc.record({
    type: fc.constantFrom('eof' as const, 'close' as const, 'success' as const, 'failure' as const),
    recipient: id,
  }),
  fc.record({
    type: fc.constant('request' as const),
    recipient: id,
    name: text,
    wantReply: fc.boolean(),
    data: bytes,
  }),
)

/** Messages whose last field takes all that is left: for these nothing can be too long. */
const OPEN_ENDED = new Set(['global_request', 'request_success', 'open', 'confirmation', 'request'])

describe('messages of the connection protocol', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(message, one => {
        expect(decodeConnection(encodeConnection(one))).toEqual(one)
      }),
    )
  })

  it('attack 13: cut at any byte they are refused, or shorter where the rest has no length', () => {
    fc.assert(
      fc.property(message, one => {
        const payload = encodeConnection(one)
        for (let at = 1; at < payload.length; at++) {
          try {
            const read = decodeConnection(payload.subarray(0, at))
            expect(OPEN_ENDED.has(read?.type ?? '')).toBe(true)
          } catch (cause) {
            expect(isFault(cause, 'protocol.violation')).toBe(true)
          }
        }
      }),
    )
  })

  it('attack 13: with something behind them they are refused', () => {
    fc.assert(
      fc.property(message, one => {
        fc.pre(!OPEN_ENDED.has(one.type))
        const longer = Buffer.concat([encodeConnection(one), Buffer.from([0])])
        expect(() => decodeConnection(longer)).toThrow('longer than its fields')
      }),
    )
  })

  it('of other numbers are none', () => {
    for (const number of [1, 5, 50, 79, 83, 89, 101, 127, 192, 255])
      expect(decodeConnection(Buffer.from([number, 0, 0, 0, 0]))).toBeUndefined()
  })
})
