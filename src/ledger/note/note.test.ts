import { verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkpointText, openCheckpoint, parseCheckpointText, signCheckpoint } from './checkpoint.ts'
import { VECTORS } from '../vectors.suite.ts'
import { noteSigner, openNote, parseVkey, publicKeyOf, signNote } from './note.ts'
import { isKeyName } from './verifier-key.ts'

// The example of golang.org/x/mod/sumdb/note: written by another implementation of the same format.
const GO_VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const GO_NOTE =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

// The example of c2sp.org/signed-note.
const C2SP_VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const C2SP_NOTE =
  'This is an example message.\n\n' +
  '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n'

const signer = noteSigner('log.example/control', Buffer.alloc(32, 1))
const other = noteSigner('log.example/control', Buffer.alloc(32, 2))

describe('signed notes', () => {
  it('of another implementation open with its key', () => {
    const verifier = parseVkey(GO_VKEY)
    expect(verifier?.name).toBe('PeterNeumann')
    expect(verifier && openNote(GO_NOTE, [verifier])?.signedBy).toEqual(['PeterNeumann'])
    const c2sp = parseVkey(C2SP_VKEY)
    expect(c2sp && openNote(C2SP_NOTE, [c2sp])?.text).toBe('This is an example message.\n')
  })

  it('open with the key they were signed with, and no byte of them can change', () => {
    const note = Buffer.from(signNote('one\n\ntwo\n', signer))
    expect(openNote(note.toString(), [signer])).toEqual({ text: 'one\n\ntwo\n', signedBy: [signer.name] })
    for (let at = 0; at < note.length; at += 1) {
      const flipped = Buffer.from(note)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      expect(openNote(flipped.toString(), [signer]), `byte ${at}`).toBeUndefined()
    }
  })

  it('pass over signatures of unknown keys but not a false one of a known key', () => {
    const text = 'text\n'
    const mine = signNote(text, signer)
    const theirs = signNote(text, other).slice(text.length + 1)
    expect(openNote(mine + theirs, [signer])?.signedBy).toEqual([signer.name])
    expect(openNote(mine + theirs, [parseVkey(GO_VKEY) as never])).toBeUndefined()
    const wrong = signNote('other\n', other).slice('other\n'.length + 1)
    expect(openNote(mine + wrong, [signer])).toBeDefined()
    expect(openNote(mine + wrong, [signer, other])).toBeUndefined()
  })

  it('are not opened when malformed', () => {
    const note = signNote('text\n', signer)
    for (const bad of [
      '',
      '\n\n',
      'text\n',
      note.slice(0, -1),
      `${note}\n`,
      note.replace('— ', '- '),
      note.replace('text', 'te\0xt'),
      note.replace('text', 'te\rxt'),
      note.replace('text', 'te\uD800xt'),
      note.slice(0, note.indexOf('— ')),
      note.replace('\n\n— ', '\n— '),
      note.replace('log.example/control ', ' '),
      note.replace('log.example/control ', 'log.example/control  '),
      note.replace(/=\n$/u, '\n'),
      note.replace(/=\n$/u, '= x\n'),
      `${note}— log.example/control AAAAAA==\n`,
      `${note}garbage\n`,
      note + note.slice(note.indexOf('— ')).repeat(100),
      `${'x'.repeat(256 * 1024)}\n${note}`,
    ]) {
      expect(openNote(bad, [signer]), bad.slice(-80)).toBeUndefined()
    }
    expect(() => signNote('no line end', signer)).toThrow(TypeError)
    expect(isKeyName('a b')).toBe(false)
    expect(isKeyName('a+b')).toBe(false)
    expect(isKeyName('')).toBe(false)
    expect(isKeyName('a\u2003b')).toBe(false)
    expect(isKeyName('a\u0085b')).toBe(false)
    expect(isKeyName('a\u0000b')).toBe(false)
    expect(isKeyName('ökö.example/日')).toBe(true)
    // No space to Unicode, though JavaScript's \s takes it for one.
    expect(isKeyName('a\uFEFFb')).toBe(true)
  })

  it('open with as many signatures as a verifier must accept, one of them said twice', () => {
    const text = 'text\n'
    const line = (seed: number): string =>
      signNote(text, noteSigner(`w${seed}.example`, Buffer.alloc(32, seed))).slice(text.length + 1)
    const mine = signNote(text, signer)
    const many = mine + Array.from({ length: 15 }, (_, i) => line(i + 3)).join('')
    expect(openNote(many, [signer])?.signedBy).toEqual([signer.name])
    expect(openNote(mine + mine.slice(text.length + 1), [signer])?.signedBy).toEqual([signer.name])
  })

  it('keep empty lines in their text: the last one divides', () => {
    const inner = signNote('inner\n', other)
    expect(openNote(signNote(inner, signer), [signer])?.text).toBe(inner)
    expect(openNote(signNote(inner, signer), [other])).toBeUndefined()
  })

  it('verifier keys round trip, and any change of one is refused', () => {
    expect(parseVkey(signer.vkey)).toMatchObject({ name: signer.name, keyId: signer.keyId })
    for (let at = 0; at < signer.vkey.length; at += 1) {
      const changed =
        signer.vkey.slice(0, at) + (signer.vkey[at] === 'A' ? 'B' : 'A') + signer.vkey.slice(at + 1)
      expect(parseVkey(changed), `changed to ${changed}`).toBeUndefined()
    }
  })

  it('other kinds of keys are no keys of notes', () => {
    // Published: a witness (0x04), and a key of golang.org/x/mod whose base64 begins with the type 0x01.
    expect(parseVkey('remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2')).toBeUndefined()
    expect(parseVkey('EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop')).toBeDefined()
    expect(parseVkey('TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6')).toBeDefined()
    for (const bad of [
      'bananas.sigstore.dev+12344556',
      'rekor.sigstore.dev+12345678+THIS_IS_NOT_BASE64!',
      'rekor.sigstore.dev+12345678+AwEB',
      C2SP_VKEY.replace('530d903a', '530D903A'),
      C2SP_VKEY.replace('530d903a', '00000000'),
      `${C2SP_VKEY}+`,
      ` ${C2SP_VKEY}`,
    ])
      expect(parseVkey(bad), bad).toBeUndefined()
  })
})

describe('checkpoints', () => {
  it('round trip, and the same head always gives the same bytes', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, bytes) => {
        const root = Buffer.from(bytes)
        const note = signCheckpoint(size, root, signer)
        expect(openCheckpoint(note, signer)).toEqual({ origin: signer.name, size, root })
        expect(signCheckpoint(size, root, signer)).toBe(note)
      }),
      { numRuns: 50 },
    )
  })

  it('of another origin, by another key, or with extension lines are refused', () => {
    const root = Buffer.alloc(32, 9)
    const text = checkpointText({ origin: signer.name, size: 5, root })
    expect(openCheckpoint(signNote(text, signer), signer)?.size).toBe(5)
    expect(openCheckpoint(signNote(text, other), signer)).toBeUndefined()
    expect(openCheckpoint(signNote(`${text}extension\n`, signer), signer)).toBeUndefined()
    expect(
      openCheckpoint(
        signNote(checkpointText({ origin: 'log.example/other', size: 5, root }), signer),
        signer,
      ),
    ).toBeUndefined()
    for (const bad of ['05', '-1', '1e3', '', ' 5', '99999999999999999']) {
      expect(parseCheckpointText(`o\n${bad}\n${root.toString('base64')}\n`), `size ${bad}`).toBeUndefined()
    }
    expect(parseCheckpointText(`o\n5\n${root.toString('base64').slice(0, -1)}\n`)).toBeUndefined()
  })
})

const CCTV = join(VECTORS, 'ed25519/ed25519vectors.json')

interface Ed25519Vector {
  readonly number: number
  readonly key: string
  readonly sig: string
  readonly msg: string
  readonly flags: readonly string[] | null
}

/**
 * C2SP/CCTV lists what differs between verifiers. node:crypto (OpenSSL) checks without the cofactor and takes
 * non-canonical keys; so it must accept exactly those whose equation holds without the cofactor, which are the ones
 * where no component of low order is left over, and refuse a non-canonical R, which it compares as bytes.
 *
 * None of the differences matters to a note. What other verifiers would refuse here needs a key of low order or with a
 * component of low order, or a signature that the owner of the key made oddly on purpose. Keys come from a seed (RFC
 * 8032 §5.1.5 clears both) or from a policy that names whom it trusts, so that an odd one betrays only who put it
 * there; and nothing identifies a note by the bytes of its signature.
 */
describe.skipIf(!existsSync(CCTV))('vectors of C2SP/CCTV ed25519', () => {
  it('are judged as the cofactorless equation of RFC 8032 judges them', () => {
    const all = JSON.parse(readFileSync(CCTV, 'utf8')) as Ed25519Vector[]
    expect(all).toHaveLength(914)
    const judged = { accepted: 0, refused: 0 }
    for (const { number, key, sig, msg, flags } of all) {
      const accepts = verify(
        null,
        Buffer.from(msg),
        publicKeyOf(Buffer.from(key, 'hex')),
        Buffer.from(sig, 'hex'),
      )
      const expected = !(flags ?? []).some(flag => flag === 'low_order_residue' || flag === 'non_canonical_R')
      expect(accepts, `vector ${number} ${(flags ?? []).join(' ')}`).toBe(expected)
      judged[accepts ? 'accepted' : 'refused'] += 1
    }
    expect(judged.accepted).toBeGreaterThan(0)
    expect(judged.refused).toBeGreaterThan(0)
  })
})
