import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KeyRing, SealKey } from '../log.ts'
import { commitment, openPayload, PAYLOAD_LIMIT, sealedBy, sealPayload } from './seal.ts'

const key: SealKey = { name: 'session/s_1', bytes: randomBytes(32) }
const ring = (...keys: SealKey[]): KeyRing => ({ find: name => keys.find(one => one.name === name) })
const payload = { statement: 'select 1', rows: [1, null] }

describe('sealed payloads', () => {
  it('open with their key and show the salt that proves the commitment', () => {
    const { bytes, commit } = sealPayload(payload, key, 'origin', 'e_1')
    expect(sealedBy(bytes)).toBe('session/s_1')
    expect(bytes.includes('select')).toBe(false)
    const opened = openPayload(bytes, ring(key), 'origin', 'e_1', commit)
    expect(opened?.payload).toEqual(payload)
    expect(opened && commitment(opened.salt, opened.text)).toBe(commit)
  })

  it('give equal payloads different commitments', () => {
    const commits = Array.from({ length: 50 }, () => sealPayload(payload, key, 'origin', 'e_1').commit)
    expect(new Set(commits).size).toBe(50)
  })

  it('are erased when their key is destroyed', () => {
    const { bytes, commit } = sealPayload(payload, key, 'origin', 'e_1')
    expect(() => openPayload(bytes, ring(), 'origin', 'e_1', commit)).toThrow(
      expect.objectContaining({ code: 'evidence.erased' }),
    )
  })

  it('do not open for another entry, log, key or commitment', () => {
    const { bytes, commit } = sealPayload(payload, key, 'origin', 'e_1')
    const other = sealPayload(payload, key, 'origin', 'e_1').commit
    expect(openPayload(bytes, ring(key), 'origin', 'e_2', commit)).toBeUndefined()
    expect(openPayload(bytes, ring(key), 'other', 'e_1', commit)).toBeUndefined()
    expect(
      openPayload(bytes, ring({ ...key, bytes: randomBytes(32) }), 'origin', 'e_1', commit),
    ).toBeUndefined()
    expect(openPayload(bytes, ring(key), 'origin', 'e_1', other)).toBeUndefined()
  })

  it('do not open with any byte flipped, or cut at any byte', () => {
    const { bytes, commit } = sealPayload(payload, key, 'origin', 'e_1')
    const any: KeyRing = { find: () => key }
    const nameEnd = 1 + key.name.length
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      // The name only says which key to look for: another name finds another key, or none.
      if (at === 0 || at >= nameEnd)
        expect(openPayload(flipped, any, 'origin', 'e_1', commit), `byte ${at}`).toBeUndefined()
      else expect(() => openPayload(flipped, ring(key), 'origin', 'e_1', commit)).toThrow(/erased/)
      expect(openPayload(bytes.subarray(0, at), any, 'origin', 'e_1', commit), `cut at ${at}`).toBeUndefined()
    }
  })

  it('are refused above their limit and without a proper key', () => {
    expect(() => sealPayload('x'.repeat(PAYLOAD_LIMIT), key, 'o', 'e')).toThrow(
      expect.objectContaining({ code: 'ledger.too_large' }),
    )
    expect(() => sealPayload(1, { name: '', bytes: key.bytes }, 'o', 'e')).toThrow(TypeError)
    expect(() => sealPayload(1, { name: 'k', bytes: randomBytes(16) }, 'o', 'e')).toThrow(TypeError)
  })
})

describe('the commitment', () => {
  it('is HMAC-SHA256 of the text under the salt', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 300 }), (salt, text) => {
        expect(commitment(salt, text)).toBe(createHmac('sha256', salt).update(text).digest('hex'))
      }),
    )
  })
})
