import { type KeyObject, sign, verify } from 'node:crypto'
import { ED25519_SIGNATURE, keyPairOf, publicKeyOf } from './note.ts'
import { type NoteSignature, signatureLine } from './split-note.ts'
import { formatVerifierKey, isKeyName, keyIdOf, parseVerifierKey } from './verifier-key.ts'

const TIME_BYTES = 8

/** A key of type 0x04 (c2sp.org/tlog-cosignature): an Ed25519 key of a witness. Its name is not signed, so one key has one name. */
export interface Cosigner {
  readonly name: string
  readonly keyId: Buffer
  readonly publicKey: KeyObject
}

export interface CosignerKey extends Cosigner {
  /** `name+hex key id+base64(0x04 ‖ public key)`. */
  readonly vkey: string
  readonly privateKey: KeyObject
}

/** `seed`: the 32 bytes of RFC 8032. TypeError on a bad name or length. */
export function cosignerKey(name: string, seed: Uint8Array): CosignerKey {
  if (!isKeyName(name)) throw new TypeError(`"${name}" cannot name a key`)
  const { raw, publicKey, privateKey } = keyPairOf(seed)
  const keyId = keyIdOf(name, 'cosignature', raw)
  const vkey = formatVerifierKey({ name, keyId, type: 'cosignature', raw })
  return { name, keyId, publicKey, privateKey, vkey }
}

/** Undefined when the text is no verifier key of type 0x04, or its key id does not belong to it. */
export function parseCosigner(vkey: string): Cosigner | undefined {
  const key = parseVerifierKey(vkey)
  if (key?.type !== 'cosignature') return undefined
  return { name: key.name, keyId: key.keyId, publicKey: publicKeyOf(key.raw) }
}

/**
 * The signature line, newline included. `text`: the whole text of the checkpoint; `seconds` since 1970: when the
 * witness says that this was the largest consistent tree of the log it had seen.
 */
export function cosign(text: string, seconds: number, key: CosignerKey): string {
  if (!Number.isSafeInteger(seconds) || seconds < 0)
    throw new TypeError('a cosignature has a time in whole seconds since 1970')
  const time = Buffer.alloc(TIME_BYTES)
  time.writeBigUInt64BE(BigInt(seconds))
  const signature = sign(null, cosignedMessage(text, String(seconds)), key.privateKey)
  return signatureLine({ name: key.name, keyId: key.keyId, signature: Buffer.concat([time, signature]) })
}

/**
 * The time, in seconds since 1970, of a signature that claims this key; undefined when it does not verify. A time beyond
 * 2^53 lies in the future of everybody and is refused, as the specification allows.
 */
export function cosignedAt(
  text: string,
  { signature }: Pick<NoteSignature, 'signature'>,
  cosigner: Cosigner,
): number | undefined {
  if (signature.length !== TIME_BYTES + ED25519_SIGNATURE) return undefined
  const time = signature.readBigUInt64BE()
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  const message = cosignedMessage(text, String(time))
  return verify(null, message, cosigner.publicKey, signature.subarray(TIME_BYTES)) ? Number(time) : undefined
}

function cosignedMessage(text: string, seconds: string): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`)
}
