import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { hasControl, signatureLine, splitNote } from './split-note.ts'
import { formatVerifierKey, isKeyName, keyIdOf, parseVerifierKey } from './verifier-key.ts'

export const ED25519_SIGNATURE = 64
const SEED = 32

// DER wrappings of a raw Ed25519 key (RFC 8410 §4 and §7).
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A key of type 0x01: plain Ed25519 over the text of the note. */
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

/** `seed`: the 32 bytes of RFC 8032. TypeError on a bad name or length. */
export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  if (!isKeyName(name)) throw new TypeError(`"${name}" cannot name a key`)
  const { raw, publicKey, privateKey } = keyPairOf(seed)
  const keyId = keyIdOf(name, 'ed25519', raw)
  return {
    name,
    keyId,
    publicKey,
    privateKey,
    vkey: formatVerifierKey({ name, keyId, type: 'ed25519', raw }),
  }
}

/** Undefined when the text is not a verifier key of type Ed25519, or its key id does not belong to it. */
export function parseVkey(vkey: string): NoteVerifier | undefined {
  const key = parseVerifierKey(vkey)
  if (key?.type !== 'ed25519') return undefined
  return { name: key.name, keyId: key.keyId, publicKey: publicKeyOf(key.raw) }
}

/** `text` ends with a newline. The answer is the whole note with one signature line for each signer. */
export function signNote(text: string, ...signers: readonly NoteSigner[]): string {
  if (!text.endsWith('\n') || hasControl(text))
    throw new TypeError('the text of a note ends with a newline and holds no control characters')
  const lines = signers.map(({ name, keyId, privateKey }) =>
    signatureLine({ name, keyId, signature: sign(null, Buffer.from(text), privateKey) }),
  )
  return `${text}\n${lines.join('')}`
}

/**
 * Opens a note with the keys one trusts. Undefined when it is malformed, when no known key signed it, or when a
 * signature that claims a known key does not verify; signatures of unknown keys are passed over.
 */
export function openNote(note: string, known: readonly NoteVerifier[]): OpenedNote | undefined {
  const split = splitNote(note)
  if (split === undefined) return undefined
  const body = Buffer.from(split.text)
  const signedBy = new Set<string>()
  for (const { name, keyId, signature } of split.signatures) {
    const key = known.find(one => one.name === name && one.keyId.equals(keyId))
    if (key === undefined) continue
    if (signature.length !== ED25519_SIGNATURE || !verify(null, body, key.publicKey, signature))
      return undefined
    signedBy.add(name)
  }
  return signedBy.size === 0 ? undefined : { text: split.text, signedBy: [...signedBy] }
}

/** An Ed25519 public key from its 32 bytes (RFC 8032). */
export function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' })
}

/** An Ed25519 key pair from its seed; `raw`: the 32 bytes of the public key. TypeError on another length. */
export function keyPairOf(seed: Uint8Array): {
  readonly raw: Buffer
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
} {
  if (seed.length !== SEED) throw new TypeError('an Ed25519 seed has 32 bytes')
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI.length)
  return { raw, publicKey, privateKey }
}
