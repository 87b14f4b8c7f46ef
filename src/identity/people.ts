import { type Instant, remaining } from '../kernel/clock.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { Factor } from '../kernel/principal.ts'
import type { JournalEvent, Slice } from '../journal/slice.ts'
import { type Digest, type Door, type FactorFact, identityFact, instantOf } from './events.ts'

/** `step`, `counter`: the last that was used; a proof must be above it, so that each is accepted once (requirement 2). */
export interface HeldFactor extends FactorFact {
  readonly addedAt: number
  readonly step?: number
  readonly counter?: number
}

export interface Lockout {
  readonly at: Instant
  readonly forMs: number
  /** How many lock-outs in a row, from 0. */
  readonly level: number
}

/**
 * One human, keyed by issuer + subject (requirement 3): local people have issuer `local` and their own id as subject.
 * Handle, name and address are not here but in the vault (`Directory`).
 */
export interface Person {
  readonly id: PersonId
  readonly issuer: string
  readonly subject: string
  readonly groups: readonly string[]
  /** SHA-256 hex of the profile record. */
  readonly profile: string
  readonly disabled: boolean
  readonly factors: readonly HeldFactor[]
  /** Digests of tokens that were not ended, oldest first; some may have expired. */
  readonly tokens: readonly Digest[]
  /** Digest of the one enrolment link that is open. */
  readonly enrolment?: Digest
  readonly lockouts: Readonly<Partial<Record<Door, Lockout>>>
}

export const people: Slice<Person> = {
  name: 'people',
  keys(event) {
    const fact = identityFact(event)
    return fact && 'person' in fact.data ? [fact.data.person] : []
  },
  evolve(person, event) {
    const fact = identityFact(event)
    if (!fact) return person
    if (fact.type === 'person.added') {
      const { person: id, issuer, subject, groups, profile } = fact.data
      return { id, issuer, subject, groups, profile, disabled: false, factors: [], tokens: [], lockouts: {} }
    }
    return person && change(person, event)
  },
}

function change(person: Person, event: JournalEvent): Person {
  const fact = identityFact(event)
  switch (fact?.type) {
    case 'person.changed':
      return { ...person, groups: fact.data.groups }
    case 'person.disabled':
      return { ...withoutEnrolment(person), disabled: true, tokens: without(person.tokens, fact.data.ends) }
    case 'person.enabled':
      return { ...person, disabled: false }
    case 'enrolment.issued':
      return { ...person, enrolment: fact.data.enrolment }
    case 'enrolment.used':
      return withoutEnrolment(person)
    case 'factor.added': {
      const { factor, step, counter } = fact.data
      const held: HeldFactor = {
        ...factor,
        addedAt: event.t,
        ...(step === undefined ? {} : { step }),
        ...(counter === undefined ? {} : { counter }),
      }
      return { ...person, factors: [...person.factors, held] }
    }
    case 'factor.removed':
      return {
        ...person,
        factors: person.factors.filter(factor => factor.id !== fact.data.factor),
        tokens: without(person.tokens, fact.data.ends),
      }
    case 'token.issued':
      return { ...person, tokens: [...without(person.tokens, fact.data.ends), fact.data.token] }
    case 'token.revoked':
      return { ...person, tokens: without(person.tokens, fact.data.tokens) }
    case 'factor.proven': {
      const { id, step, counter, door, factor } = fact.data
      const factors = person.factors.map(held =>
        held.id === id
          ? {
              ...held,
              ...(step === undefined ? {} : { step }),
              ...(counter === undefined ? {} : { counter }),
            }
          : held,
      )
      // A passkey opens no lock: it says nothing about who has been guessing codes.
      return {
        ...person,
        factors,
        lockouts: factor === 'passkey' ? person.lockouts : { ...person.lockouts, [door]: undefined },
      }
    }
    case 'person.locked_out': {
      const { door, for_ms, level } = fact.data
      return {
        ...person,
        lockouts: { ...person.lockouts, [door]: { at: instantOf(event), forMs: for_ms, level } },
      }
    }
    default:
      return person
  }
}

export function factorOf(person: Person, kind: Factor): HeldFactor | undefined {
  return person.factors.findLast(factor => factor.kind === kind)
}

/** Milliseconds a door stays closed to guessable factors; 0 when open. */
export function lockedFor(lockout: Lockout | undefined, now: Instant): number {
  return lockout ? Math.max(0, remaining(lockout.at, lockout.forMs, now)) : 0
}

function withoutEnrolment(person: Person): Person {
  const { enrolment: _, ...rest } = person
  return rest
}

function without(tokens: readonly Digest[], ended: readonly Digest[]): readonly Digest[] {
  return ended.length === 0 ? tokens : tokens.filter(token => !ended.includes(token))
}
