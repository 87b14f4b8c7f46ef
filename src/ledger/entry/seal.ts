import { createCipheriv, createDecipheriv, createHmac, hash, randomFillSync } from 'node:crypto'
import { sameBytes } from '../../kernel/bytes.ts'
import { Fault } from '../../kernel/faults.ts'
import type { JsonValue } from '../../kernel/json.ts'
import { CanonicalText, jcs } from './jcs.ts'
import type { KeyRing, Opened, SealKey } from '../log.ts'

/** Largest canonical payload in bytes; larger things live in the recording. */
export const PAYLOAD_LIMIT = 256 * 1024

const SALT = 32
/** Block of SHA-256, bytes. */
const BLOCK = 64
const NONCE = 12
const TAG = 16
const KEY = 32
const CIPHER = 'aes-256-gcm'

export interface Sealed {
  /** u8 length of the key's name ‖ name ‖ nonce ‖ ciphertext of (salt ‖ JCS(payload)) ‖ tag. */
  readonly bytes: Buffer
  /** Hex HMAC-SHA256(salt, JCS(payload)): what the leaf holds. */
  readonly commit: string
}

/**
 * AES-256-GCM under `key` with a random 96-bit nonce; the log's origin and the entry's id are authenticated, so that a
 * ciphertext moved to another entry does not open. Errors: `ledger.too_large` above 256 KiB.
 */
export function sealPayload(
  payload: JsonValue | CanonicalText,
  key: SealKey,
  origin: string,
  id: string,
): Sealed {
  const text = payload instanceof CanonicalText ? payload.text : jcs(payload)
  const length = Buffer.byteLength(text)
  if (length > PAYLOAD_LIMIT) {
    throw new Fault('ledger.too_large', `The payload has ${length} bytes; ${PAYLOAD_LIMIT} is the most.`, {
      next: 'Put the large part into the recording and log its digest.',
      facts: { bytes: length, limit: PAYLOAD_LIMIT },
    })
  }
  const nameLength = Buffer.byteLength(key.name)
  if (nameLength === 0 || nameLength > 255) throw new TypeError('a seal key has a name of 1 to 255 bytes')
  if (key.bytes.length !== KEY) throw new TypeError('a seal key has 32 bytes')

  const plain = Buffer.allocUnsafe(SALT + length)
  takeRandom(plain, 0, SALT)
  plain.write(text, SALT)
  const start = 1 + nameLength
  const bytes = Buffer.allocUnsafe(start + NONCE + plain.length + TAG)
  bytes[0] = nameLength
  bytes.write(key.name, 1)
  takeRandom(bytes, start, NONCE)
  const cipher = createCipheriv(CIPHER, key.bytes, bytes.subarray(start, start + NONCE))
  cipher.setAAD(context(origin, id))
  bytes.set(cipher.update(plain), start + NONCE)
  cipher.final()
  bytes.set(cipher.getAuthTag(), bytes.length - TAG)
  return { bytes, commit: commitment(plain.subarray(0, SALT), plain.subarray(SALT)) }
}

/** The name of the key that sealed it, in the clear beside the ciphertext. */
export function sealedBy(sealed: Buffer): string {
  return sealed.toString('utf8', 1, 1 + (sealed[0] ?? 0))
}

/**
 * Undefined when ciphertext, context or commitment do not belong together: the stored payload is damaged.
 * Fault `evidence.erased` when the key ring no longer has the key.
 */
export function openPayload(
  sealed: Buffer,
  keys: KeyRing,
  origin: string,
  id: string,
  commit: string,
): Opened | undefined {
  const name = sealedBy(sealed)
  const key = keys.find(name)
  if (key === undefined) {
    throw new Fault('evidence.erased', `The payload of ${id} was erased: its key ${name} was destroyed.`, {
      next: 'The entry and its proof remain; the log holds the event that records the erasure.',
      facts: { id, key: name },
    })
  }
  const start = 1 + (sealed[0] ?? 0)
  const end = sealed.length - TAG
  if (end < start + NONCE + SALT) return undefined
  const decipher = createDecipheriv(CIPHER, key.bytes, sealed.subarray(start, start + NONCE))
  decipher.setAAD(context(origin, id))
  decipher.setAuthTag(sealed.subarray(end))
  let plain: Buffer
  try {
    plain = Buffer.concat([decipher.update(sealed.subarray(start + NONCE, end)), decipher.final()])
  } catch {
    return undefined
  }
  const salt = plain.subarray(0, SALT)
  const text = plain.subarray(SALT)
  if (!sameBytes(Buffer.from(commitment(salt, text)), Buffer.from(commit))) return undefined
  return { payload: JSON.parse(text.toString('utf8')) as JsonValue, salt, text }
}

/** Hex HMAC-SHA256(salt, JCS(payload)). */
export function commitment(salt: Uint8Array, text: Uint8Array): string {
  if (salt.length > BLOCK) return createHmac('sha256', salt).update(text).digest('hex')
  // RFC 2104 over two one-shot hashes: an Hmac object costs several times the hashing it does (seal.test.ts compares them).
  const inner =
    text.length <= ROOM ? innerRoom.subarray(0, BLOCK + text.length) : Buffer.alloc(BLOCK + text.length)
  for (let i = 0; i < BLOCK; i++) {
    const byte = salt[i] ?? 0
    inner[i] = 0x36 ^ byte
    outer[i] = 0x5c ^ byte
  }
  inner.set(text, BLOCK)
  outer.write(hash('sha256', inner, 'binary'), BLOCK, 32, 'latin1')
  const keyed = hash('sha256', outer, 'hex')
  inner.fill(0)
  return keyed
}

// Owned by `commitment`, which is synchronous and wipes what it put there.
const ROOM = 4096
const innerRoom = Buffer.alloc(BLOCK + ROOM)
const outer = Buffer.alloc(BLOCK + 32)

function context(origin: string, id: string): Buffer {
  return Buffer.from(`${origin}\n${id}`)
}

// Asking the system for every 44 bytes costs more than the cipher; the pool is wiped as it is handed out.
const pool = Buffer.alloc(8192)
let used = pool.length

function takeRandom(into: Buffer, at: number, length: number): void {
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(into, at, used, used + length)
  pool.fill(0, used, used + length)
  used += length
}
