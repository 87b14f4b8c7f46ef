import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { Fault } from '../../kernel/faults.ts'
import { frameMessage } from './message-frames.ts'
import { MEMORY_BYTES } from './signer-memory.ts'
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  ORIGIN_LIMIT,
  type SignerRequest,
} from './signer-messages.ts'

const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(found => Buffer.from(found))
const id = fc.maxSafeNat()
const origin = fc.stringMatching(/^[a-z0-9./-]{1,60}$/)
const request: fc.Arbitrary<SignerRequest> = fc.oneof(
  fc.record({ id, op: fc.constant('open' as const), origin, create: fc.boolean() }),
  fc.record({ id, op: fc.constant('close' as const), origin }),
  fc.record({ id, op: fc.constant('mac' as const), origin, digest: bytes(32) }),
  fc.record({
    id,
    op: fc.constant('adopt' as const),
    origin,
    seed: bytes(32),
    memory: fc.constant(Buffer.alloc(MEMORY_BYTES, 1)),
  }),
  fc.record({
    id,
    op: fc.constant('sign' as const),
    origin,
    head: fc.record({ size: fc.maxSafeNat(), root: bytes(32) }),
    from: fc.maxSafeNat(),
    proof: fc.array(bytes(32), { maxLength: 64 }),
  }),
)

describe('requests to the signer', () => {
  it('round trip, and the largest fit into a message', () => {
    fc.assert(
      fc.property(request, one => {
        expect(decodeRequest(encodeRequest(one))).toEqual(one)
      }),
    )
    const largest = { id: Number.MAX_SAFE_INTEGER, op: 'adopt', origin: 'o'.repeat(ORIGIN_LIMIT) } as const
    const text = encodeRequest({
      ...largest,
      seed: Buffer.alloc(32, 255),
      memory: Buffer.alloc(MEMORY_BYTES, 255),
    })
    expect(() => frameMessage(text)).not.toThrow()
    expect(decodeRequest(text)).toBeDefined()
  })

  it('with any one character changed are another request or none, never the same', () => {
    fc.assert(
      fc.property(request, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (one, at, character) => {
        const text = encodeRequest(one)
        const place = at % text.length
        fc.pre(text[place] !== character)
        const changed = decodeRequest(text.slice(0, place) + character + text.slice(place + 1))
        expect(changed).not.toEqual(one)
      }),
    )
  })

  const sign = {
    id: 1,
    op: 'sign',
    origin: 'log.example/a',
    size: 2,
    root: Buffer.alloc(32).toString('base64'),
    from: 1,
    proof: [] as string[],
  }
  it.each([
    ['no JSON', '{'],
    ['an array', '[]'],
    ['an unknown operation', canonicalJson({ ...sign, op: 'export' })],
    ['a field too many', canonicalJson({ ...sign, force: true })],
    ['a field too few', canonicalJson({ id: 1, op: 'sign', origin: 'log.example/a' })],
    ['another order of fields', JSON.stringify({ op: 'close', id: 1, origin: 'log.example/a' })],
    ['a field twice', '{"id":1,"id":1,"op":"close","origin":"log.example/a"}'],
    ['spaces', '{"id":1, "op":"close","origin":"log.example/a"}'],
    ['a negative size', canonicalJson({ ...sign, size: -1 })],
    ['half an entry', canonicalJson({ ...sign, size: 1.5 })],
    ['a size that is no safe integer', canonicalJson({ ...sign, size: 2 ** 53 })],
    ['a short root', canonicalJson({ ...sign, root: 'AAAA' })],
    ['a hash that is not base64', canonicalJson({ ...sign, proof: ['!'] })],
    ['a proof of 65 steps', canonicalJson({ ...sign, proof: Array<string>(65).fill(sign.root) })],
    ['an origin with a newline', canonicalJson({ ...sign, origin: 'a\nb' })],
    ['an origin that is too long', canonicalJson({ ...sign, origin: 'o'.repeat(ORIGIN_LIMIT + 1) })],
    ['another type', canonicalJson({ ...sign, create: 1 })],
  ])('that hold %s are none', (_what, text) => {
    expect(decodeRequest(text)).toBeUndefined()
  })
})

describe('answers of the signer', () => {
  it('round trip, faults with what to do next', () => {
    expect(decodeAnswer(encodeAnswer({ id: 7, ok: { mac: 'x' } }))).toEqual({ id: 7, ok: { mac: 'x' } })
    const fault = new Fault('ledger.damaged', 'It was turned back.', {
      next: 'Restore it.',
      facts: { size: 3 },
    })
    expect(decodeAnswer(encodeAnswer({ id: 7, fault }))).toEqual({ id: 7, fault })
  })

  it.each(['', '{}', '{"id":1}', '{"id":1,"fault":{"code":"made.up","facts":{},"message":"x"}}', '[1]'])(
    'are not read out of %j',
    text => expect(decodeAnswer(text)).toBeUndefined(),
  )
})
