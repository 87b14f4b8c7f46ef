import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signCheckpoint } from './checkpoint.ts'
import { leafHash, nodeHash } from '../tree/merkle.ts'
import { noteSigner } from './note.ts'
import { encodeProof, parseProof, verifyProof } from './proof.ts'

const signer = noteSigner('log.example/control', Buffer.alloc(32, 1))
const left = leafHash(Buffer.from('left'))
const right = leafHash(Buffer.from('right'))
const checkpoint = signCheckpoint(2, nodeHash(left, right), signer)

describe('tlog proofs', () => {
  it('verify the entry they are for, and no other', () => {
    const proof = parseProof(encodeProof({ index: 1, hashes: [left], checkpoint }))
    expect(proof && verifyProof(proof, right, signer)?.size).toBe(2)
    expect(proof && verifyProof(proof, left, signer)).toBeUndefined()
    expect(proof && verifyProof(proof, right, noteSigner(signer.name, Buffer.alloc(32, 2)))).toBeUndefined()
  })

  it('round trip with and without extra data', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes))
    const extra = fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes))
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.array(hash, { maxLength: 53 }),
        fc.option(extra, { nil: undefined }),
        (index, hashes, data) => {
          const proof = { index, hashes, checkpoint, ...(data === undefined ? {} : { extra: data }) }
          expect(parseProof(encodeProof(proof))).toEqual(proof)
        },
      ),
    )
  })

  it('cannot change in any character without failing to verify', () => {
    const text = encodeProof({ index: 1, hashes: [left], checkpoint })
    for (let at = 0; at < text.length; at += 1) {
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
      const proof = parseProof(changed)
      expect(proof && verifyProof(proof, right, signer), `character ${at}`).toBeUndefined()
    }
  })

  it.each([
    '',
    'c2sp.org/tlog-proof@v1',
    'c2sp.org/tlog-proof@v2\nindex 0\n\nx',
    'c2sp.org/tlog-proof@v1\nindex 01\n\nx',
    'c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nx',
  ])('refuses %j', text => expect(parseProof(text)).toBeUndefined())
})
