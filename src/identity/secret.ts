import { randomBytes } from 'node:crypto'
import { sha256Hex } from '../kernel/bytes.ts'
import type { Digest } from './events.ts'

/** The prefix lets secret scanners and people recognise what leaked. */
const PREFIX = { token: 'bgt_', enrolment: 'bge_', poll: 'bgp_' } as const
export type SecretKind = keyof typeof PREFIX

/** 256 random bits: no rate limit is needed for guessing these. */
export function newSecret(kind: SecretKind): { readonly secret: string; readonly digest: Digest } {
  const secret = PREFIX[kind] + randomBytes(32).toString('base64url')
  return { secret, digest: sha256Hex(secret) }
}

const FORM = /^[A-Za-z0-9_-]{43}$/

/** The digest under which the log knows a secret; undefined when the text cannot be one of that kind. */
export function secretDigest(kind: SecretKind, text: string): Digest | undefined {
  const prefix = PREFIX[kind]
  return text.startsWith(prefix) && FORM.test(text.slice(prefix.length)) ? sha256Hex(text) : undefined
}
