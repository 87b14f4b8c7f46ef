import { createPrivateKey, type KeyObject, sign as signBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { Fault } from '../../../kernel/faults.ts'

/** PKCS #8 head of an Ed25519 seed (RFC 8410 §7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * The `webhook-signature` of `{id}.{timestamp}.{body}` (Standard Webhooks 1.0.0, "Signature scheme"): `v1a`, ed25519, for a secret
 * `whsk_…` (32-byte seed, or the 64 bytes of seed and public key); `v1`, HMAC-SHA256, for `whsec_…`. `timestamp`: whole
 * seconds. Fault `config.invalid` when the secret is neither.
 */
export function sign(secret: string, id: string, timestamp: number, body: string): string {
  if (secret.startsWith('whsk_')) {
    const text = `${id}.${timestamp}.${body}`
    return `v1a,${signBytes(null, Buffer.from(text), ed25519(secret)).toString('base64')}`
  }
  if (!secret.startsWith('whsec_') || decode(secret.slice('whsec_'.length)).length < 24) throw unusable()
  return new Webhook(secret).sign(id, new Date(timestamp * 1000), body)
}

function ed25519(secret: string): KeyObject {
  const bytes = decode(secret.slice('whsk_'.length))
  if (bytes.length !== 32 && bytes.length !== 64) throw unusable()
  return createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, bytes.subarray(0, 32)]),
    format: 'der',
    type: 'pkcs8',
  })
}

function decode(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) throw unusable()
  return bytes
}

function unusable(): Fault {
  return new Fault('config.invalid', 'The secret of an alert webhook cannot sign.', {
    next: 'Use whsec_ with at least 24 bytes of base64, or whsk_ with an ed25519 key.',
  })
}
