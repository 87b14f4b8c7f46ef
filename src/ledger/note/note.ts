import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { sha256 } from '../../kernel/bytes.ts'
import { decodeBase64 } from './base64.ts'

/** c2sp.org/signed-note: signature type of plain Ed25519. */
const ED25519 = 0x01
const KEY_ID = 4
const PUBLIC_KEY = 32
const SIGNATURE = 64
/** A verifier must accept 16 signatures; a post-quantum one has about 5 kB. */
const NOTE_LIMIT = 256 * 1024

// DER wrappings of a raw Ed25519 key (RFC 8410 §4 and §7).
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface NoteVerifier {
  readonly name: string
  readonly keyId: Buffer
  readonly publicKey: KeyObject
}

export interface NoteSigner extends NoteVerifier {
  /** `name+hex key id+base64(0x01 ‖ public key)`: what others configure to verify. */
  readonly vkey: string
  readonly privateKey: KeyObject
}

/** A note whose text at least one signature of a known key covers; all signatures of known keys verified. */
export interface OpenedNote {
  readonly text: string
  readonly signedBy: readonly string[]
}

const NAME = /^[^\s+\p{Z}\p{Cc}]+$/u

/** Key names are not empty and hold no space and no plus (c2sp.org/signed-note). */
export function isKeyName(name: string): boolean {
  return NAME.test(name)
}

/** `seed`: the 32 bytes of RFC 8032. TypeError on a bad name or length. */
export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  if (!isKeyName(name)) throw new TypeError(`"${name}" cannot name a key`)
  if (seed.length !== 32) throw new TypeError('an Ed25519 seed has 32 bytes')
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI.length)
  const keyId = keyIdOf(name, raw)
  const vkey = `${name}+${keyId.toString('hex')}+${Buffer.concat([Buffer.of(ED25519), raw]).toString('base64')}`
  return { name, keyId, publicKey, privateKey, vkey }
}

/** Undefined when the text is not a verifier key of type Ed25519, or its key id does not belong to it. */
export function parseVkey(vkey: string): NoteVerifier | undefined {
  const [name, id, encoded, ...rest] = vkey.split('+')
  if (name === undefined || id === undefined || encoded === undefined) return undefined
  // Base64 may itself hold a plus.
  const key = decodeBase64([encoded, ...rest].join('+'))
  if (!isKeyName(name) || key === undefined || key.length !== 1 + PUBLIC_KEY || key[0] !== ED25519)
    return undefined
  const raw = key.subarray(1)
  const keyId = keyIdOf(name, raw)
  if (keyId.toString('hex') !== id) return undefined
  return { name, keyId, publicKey: publicKeyOf(raw) }
}

/** `text` ends with a newline. The answer is the whole note with one signature line. */
export function signNote(text: string, signer: NoteSigner): string {
  if (!text.endsWith('\n') || hasControl(text))
    throw new TypeError('the text of a note ends with a newline and holds no control characters')
  const signature = sign(null, Buffer.from(text), signer.privateKey)
  return `${text}\n— ${signer.name} ${Buffer.concat([signer.keyId, signature]).toString('base64')}\n`
}

/**
 * Opens a note with the keys one trusts. Undefined when it is malformed, when no known key signed it, or when a
 * signature that claims a known key does not verify; signatures of unknown keys are passed over.
 */
export function openNote(note: string, known: readonly NoteVerifier[]): OpenedNote | undefined {
  if (note.length > NOTE_LIMIT || hasControl(note)) return undefined
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) return undefined
  const text = note.slice(0, split + 1)
  const lines = note.slice(split + 2, -1).split('\n')
  const body = Buffer.from(text)
  const signedBy = new Set<string>()
  for (const line of lines) {
    const found = /^— (\S+) (\S+)$/u.exec(line)
    const name = found?.[1] ?? ''
    const blob = decodeBase64(found?.[2] ?? '')
    if (!isKeyName(name) || blob === undefined || blob.length <= KEY_ID) return undefined
    const key = known.find(one => one.name === name && one.keyId.equals(blob.subarray(0, KEY_ID)))
    if (key === undefined) continue
    const signature = blob.subarray(KEY_ID)
    if (signature.length !== SIGNATURE || !verify(null, body, key.publicKey, signature)) return undefined
    signedBy.add(name)
  }
  return signedBy.size === 0 ? undefined : { text, signedBy: [...signedBy] }
}

/** An Ed25519 public key from its 32 bytes (RFC 8032). */
export function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' })
}

function keyIdOf(name: string, raw: Uint8Array): Buffer {
  return sha256(name, '\n', Buffer.of(ED25519), raw).subarray(0, KEY_ID)
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code < 0x20 && code !== 0x0a) return true
  }
  return false
}
