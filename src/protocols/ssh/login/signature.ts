import { verify } from 'node:crypto'
import { ED25519, publicKeyOf } from '../keys/public-blob.ts'
import { SshReader, SshWriter } from '../messages/fields.ts'
import type { UserauthRequest } from '../messages/userauth.ts'

type Publickey = Extract<UserauthRequest['proof'], { readonly method: 'publickey' }>

/**
 * Whether the holder of `expected` signed this very request on this very connection (RFC 4252 §7). The key that was offered earlier, on
 * this connection or another, plays no part: the one that signed must be the one that was given out with the login.
 */
export function provesKey(proof: Publickey, expected: Buffer, sessionId: Buffer): boolean {
  const { algorithm, key, signature } = proof
  if (signature === undefined || algorithm !== ED25519 || !key.equals(expected)) return false
  const reader = new SshReader(signature.blob)
  if (reader.text() !== ED25519) return false
  const bytes = reader.string()
  reader.end()
  const signed = new SshWriter().string(sessionId).bytes(signature.signed).take()
  return verify(null, signed, publicKeyOf(expected), bytes)
}
