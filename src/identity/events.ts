import type { Instant } from '../kernel/clock.ts'
import type { Id, PersonId } from '../kernel/ids.ts'
import type { JsonObject, JsonValue } from '../kernel/json.ts'
import type { Factor } from '../kernel/principal.ts'
import type { JournalEvent, NewEvent } from '../journal/slice.ts'

export type FactorId = Id<'factor'>

/** SHA-256 hex of a secret of 256 random bits (a token, an enrolment link): names it, does not open anything. */
export type Digest = string

/** Where a factor is presented. Each door has its own lock-out, so that strangers at one cannot close the other. */
export const DOORS = ['sign_in', 'step_up'] as const
export type Door = (typeof DOORS)[number]

export const TOKEN_KINDS = ['session', 'cli', 'api'] as const
export type TokenKind = (typeof TOKEN_KINDS)[number]

/** A factor as an event names it: the vault record's digest, for a passkey also SHA-256 hex of its credential id. */
export interface FactorFact {
  readonly id: FactorId
  readonly kind: Factor
  readonly digest: string
  readonly credential?: string
}

/**
 * Leaf fields of every event of this folder: pseudonyms, digests, numbers. `ends` and `tokens` name the tokens that
 * die with the event, so that one event and one frame end them all. Durations in milliseconds.
 */
export interface IdentityFacts {
  /** `profile`: SHA-256 hex of the vault record `profile/p_…`, which is durable before this event. */
  'person.added': {
    person: PersonId
    issuer: string
    subject: string
    groups: readonly string[]
    profile: string
    by?: PersonId
  }
  'person.changed': { person: PersonId; groups: readonly string[]; by?: PersonId }
  'person.disabled': { person: PersonId; ends: readonly Digest[]; by?: PersonId }
  'person.enabled': { person: PersonId; by?: PersonId }
  /** `enrolment`: digest of the link's secret. An earlier open link of the person ends. */
  'enrolment.issued': { person: PersonId; enrolment: Digest; for_ms: number; by?: PersonId }
  'enrolment.used': { person: PersonId; enrolment: Digest }
  'factor.added': { person: PersonId; factor: FactorFact; step?: number; counter?: number }
  'factor.removed': {
    person: PersonId
    factor: FactorId
    kind: Factor
    ends: readonly Digest[]
    by?: PersonId
  }
  /** `by_token`: the session that approved a command-line login or made an API token. */
  'token.issued': {
    person: PersonId
    token: Digest
    kind: TokenKind
    for_ms: number
    ends: readonly Digest[]
    by_token?: Digest
  }
  'token.revoked': { person: PersonId; tokens: readonly Digest[]; by?: PersonId }
  /** `step`: the TOTP time step that was used up; `counter`: the passkey's signature counter. */
  'factor.proven': {
    person: PersonId
    token: Digest
    factor: Factor
    id: FactorId
    door: Door
    step?: number
    counter?: number
  }
  'person.locked_out': { person: PersonId; door: Door; for_ms: number; level: number }
  /** Failures of one minute (number of minutes since 1970 UTC) from `sources` addresses; which ones is sealed. */
  'signin.failures': { minute: number; count: number; sources: number }
}

export type IdentityEvent = {
  [T in keyof IdentityFacts]: { readonly type: T; readonly data: Readonly<IdentityFacts[T]> }
}[keyof IdentityFacts]

const TYPES: ReadonlySet<string> = new Set<keyof IdentityFacts>([
  'person.added',
  'person.changed',
  'person.disabled',
  'person.enabled',
  'enrolment.issued',
  'enrolment.used',
  'factor.added',
  'factor.removed',
  'token.issued',
  'token.revoked',
  'factor.proven',
  'person.locked_out',
  'signin.failures',
])

/** The event by its type, undefined for events of other folders. The log is re-hashed before it is folded: its shape is what `identityEvent` wrote. */
export function identityFact(event: JournalEvent): IdentityEvent | undefined {
  return TYPES.has(event.type) ? (event as unknown as IdentityEvent) : undefined
}

/** `payload` is sealed under the key of `seal`, by default the person the event is about. */
export function identityEvent<T extends keyof IdentityFacts>(
  type: T,
  data: IdentityFacts[T],
  sealed?: { readonly payload: JsonValue; readonly seal: string },
): NewEvent {
  const subject = 'person' in data ? { subject: data.person } : {}
  return { type, ...subject, data: data as unknown as JsonObject, ...sealed }
}

export function instantOf(event: JournalEvent): Instant {
  return { wall: event.t, mono: event.mono, boot: event.boot }
}
