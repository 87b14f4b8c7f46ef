import { randomBytes, randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/**
 * The prefix says what kind of thing an id names, so that an id of one kind is never taken for another
 * (requirement 16). The rest is a UUIDv7 (RFC 9562 §5.7): sortable by the time it was made.
 */
export const ID_PREFIX = {
  event: 'e',
  person: 'p',
  grant: 'g',
  session: 's',
  incident: 'i',
  review: 'r',
  token: 't',
  credential: 'c',
  factor: 'f',
  enrolment: 'n',
  lock: 'l',
  alert: 'a',
} as const

export type IdKind = keyof typeof ID_PREFIX
export type Id<K extends IdKind> = `${(typeof ID_PREFIX)[K]}_${string}`

export type PersonId = Id<'person'>
export type GrantId = Id<'grant'>
export type SessionId = Id<'session'>
export type IncidentId = Id<'incident'>
export type ReviewId = Id<'review'>

// One call for many ids: asking the generator for 16 bytes at a time costs more than all the rest of an id.
const pool = Buffer.alloc(16 * 256)
let used = pool.length

export function newId<K extends IdKind>(kind: K): Id<K> {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + 16)
  used += 16
  return `${ID_PREFIX[kind]}_${v7({ random })}`
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export function isId<K extends IdKind>(kind: K, text: string): text is Id<K> {
  const prefix = `${ID_PREFIX[kind]}_`
  return text.startsWith(prefix) && UUID.test(text.slice(prefix.length))
}

const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz'

/** A random word without look-alike letters, at least `bits` of entropy; for login names and secrets people may have to type. */
export function randomWord(bits: number): string {
  const length = Math.ceil(bits / Math.log2(ALPHABET.length))
  let word = ''
  while (word.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 is the largest multiple of 31 in a byte: what lies above would favour the first letters.
      if (byte < 248 && word.length < length) word += ALPHABET[byte % ALPHABET.length]
    }
  }
  return word
}
