import { sha256 } from '../../kernel/bytes.ts'
import { decodeBase64 } from './base64.ts'

/** c2sp.org/signed-note, "Signature types": the byte before the public key. */
export const SIGNATURE_TYPE = {
  ed25519: 0x01,
  /** c2sp.org/tlog-cosignature, Ed25519 with a time. */
  cosignature: 0x04,
  /** c2sp.org/tlog-cosignature, ML-DSA-44: recognised, never verified here. */
  mlDsa44: 0x06,
} as const
export type SignatureType = keyof typeof SIGNATURE_TYPE

export const KEY_ID_BYTES = 4
const KEY_BYTES: Record<SignatureType, number> = { ed25519: 32, cosignature: 32, mlDsa44: 1312 }

/** A verifier key as text says it: `name+hex key id+base64(type ‖ public key)`. */
export interface VerifierKey {
  readonly name: string
  readonly keyId: Buffer
  readonly type: SignatureType
  /** The public key in its raw form: 32 bytes of RFC 8032, or 1312 of FIPS 204. */
  readonly raw: Buffer
}

/** Unicode's own White_Space, which is what "Unicode spaces" means to the other implementations. */
const NAME = /^[^+\p{White_Space}]+$/u
const CONTROL = /[^\P{Cc}]/u

/** Key names are not empty and hold no Unicode space, no plus, and, as no note can, no control character. */
export function isKeyName(name: string): boolean {
  return NAME.test(name) && !CONTROL.test(name)
}

/** SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]. */
export function keyIdOf(name: string, type: SignatureType, raw: Uint8Array): Buffer {
  return sha256(name, '\n', Buffer.of(SIGNATURE_TYPE[type]), raw).subarray(0, KEY_ID_BYTES)
}

export function formatVerifierKey({ name, keyId, type, raw }: VerifierKey): string {
  return `${name}+${keyId.toString('hex')}+${Buffer.concat([Buffer.of(SIGNATURE_TYPE[type]), raw]).toString('base64')}`
}

/** Undefined when the text is no verifier key of a type known here, or its key id does not belong to it. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const [name, id, encoded, ...rest] = text.split('+')
  if (name === undefined || id === undefined || encoded === undefined || !isKeyName(name)) return undefined
  // Base64 may itself hold a plus.
  const bytes = decodeBase64([encoded, ...rest].join('+'))
  const type = (Object.keys(SIGNATURE_TYPE) as SignatureType[]).find(
    one => SIGNATURE_TYPE[one] === bytes?.[0],
  )
  if (bytes === undefined || type === undefined || bytes.length !== 1 + KEY_BYTES[type]) return undefined
  const raw = bytes.subarray(1)
  const keyId = keyIdOf(name, type, raw)
  return keyId.toString('hex') === id ? { name, keyId, type, raw } : undefined
}
