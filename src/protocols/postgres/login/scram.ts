import { createHmac, createHash, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { Fault } from '../../../kernel/faults.ts'
import type { ScramVerifier } from '../../../target/protocol.ts'
import { saslPrep } from './sasl-prep.ts'

/** SCRAM-SHA-256 (RFC 5802 with the hash of RFC 7677): what both sides share. */

export const SCRAM = 'SCRAM-SHA-256'
export const SCRAM_PLUS = 'SCRAM-SHA-256-PLUS'

/** What a verifier made by us looks like; a made-up one for an unknown login must not differ. */
export const SCRAM_SHAPE = { saltBytes: 16, iterations: 4096 } as const

const derive = promisify(pbkdf2)

export const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
export const hash = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()

export function xor(a: Buffer, b: Buffer): Buffer {
  const out = Buffer.alloc(a.length)
  for (let i = 0; i < a.length; i++) out[i] = (a[i] ?? 0) ^ (b[i] ?? 0)
  return out
}

export interface ScramKeys {
  readonly clientKey: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

export async function scramKeys(secret: string, salt: Buffer, iterations: number): Promise<ScramKeys> {
  const salted = await derive(saslPrep(secret), salt, iterations, 32, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  return { clientKey, storedKey: hash(clientKey), serverKey: hmac(salted, 'Server Key') }
}

/** The form in which PostgreSQL stores and accepts a SCRAM secret: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`. */
export function verifierText(verifier: ScramVerifier): string {
  const b64 = (bytes: Buffer) => bytes.toString('base64')
  return `${SCRAM}$${verifier.iterations}:${b64(verifier.salt)}$${b64(verifier.storedKey)}:${b64(verifier.serverKey)}`
}

/** The value of `name=` at place `index` of a message; the order of attributes is fixed by the RFC. */
export function attribute(parts: readonly string[], index: number, name: string): string {
  const part = parts[index]
  if (part === undefined || !part.startsWith(`${name}=`)) {
    throw new Fault('protocol.violation', 'malformed SCRAM message')
  }
  return part.slice(2)
}

/** Strict base64: what does not survive a round trip was not base64. */
export function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new Fault('protocol.violation', 'malformed SCRAM message')
  return bytes
}
