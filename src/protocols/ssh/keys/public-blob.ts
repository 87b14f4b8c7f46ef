import { createPublicKey, type KeyObject } from 'node:crypto'
import { Fault } from '../../../kernel/faults.ts'
import { isWeakPoint } from '../../../kernel/ssh-key.ts'
import { SshReader, SshWriter } from '../messages/fields.ts'

/** The one kind of key that is used here (RFC 8709). */
export const ED25519 = 'ssh-ed25519'

/** How SSH encodes an ed25519 key, public or the public half of a private one (RFC 8709 §4): 51 bytes. */
export function publicBlob(key: KeyObject): Buffer {
  return new SshWriter().string(ED25519).string(publicPoint(key)).take()
}

/** The key of a blob. Fault `protocol.violation` for another kind, a wrong length, or a point that proves nothing. */
export function publicKeyOf(blob: Uint8Array): KeyObject {
  const reader = new SshReader(Buffer.from(blob))
  const kind = reader.text()
  if (kind !== ED25519) throw new Fault('protocol.violation', `a key of kind ${JSON.stringify(kind)}`)
  const point = reader.string()
  reader.end()
  return keyOfPoint(point)
}

/** The 32 bytes of RFC 8032 §5.1.2. */
export function publicPoint(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError(`an ed25519 key is needed, not ${key.asymmetricKeyType ?? 'a secret'}`)
  }
  // Of a private key this exports the private half as well, which goes no further than this line.
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
}

export function keyOfPoint(point: Uint8Array): KeyObject {
  if (point.length !== 32) throw new Fault('protocol.violation', 'an ed25519 key that is not 32 bytes long')
  if (isWeakPoint(point)) {
    throw new Fault('protocol.violation', 'an ed25519 key under which anybody can sign')
  }
  const x = Buffer.from(point).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}
