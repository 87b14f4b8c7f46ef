import { hasPassed, type Instant } from '../kernel/clock.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { Slice, View } from '../journal/slice.ts'
import { Fault } from '../kernel/faults.ts'
import { type Digest, identityFact, instantOf } from './events.ts'
import { people, type Person } from './people.ts'

/** A one-time link through which somebody registers a first factor. */
export interface Enrolment {
  readonly person: PersonId
  readonly at: Instant
  readonly forMs: number
  readonly used: boolean
}

/** Keyed by the SHA-256 hex of the link's secret. */
export const enrolments: Slice<Enrolment> = {
  name: 'enrolments',
  keys(event) {
    const fact = identityFact(event)
    return fact?.type === 'enrolment.issued' || fact?.type === 'enrolment.used' ? [fact.data.enrolment] : []
  },
  evolve(enrolment, event) {
    const fact = identityFact(event)
    if (fact?.type === 'enrolment.issued') {
      return { person: fact.data.person, at: instantOf(event), forMs: fact.data.for_ms, used: false }
    }
    return enrolment && { ...enrolment, used: true }
  },
}

const ASK = 'Ask an administrator for a new enrolment link.'

/** The person an open link belongs to. Pure; judged again inside the decision that uses the link up. */
export function openEnrolment(state: View, digest: Digest, now: Instant): Person | Fault {
  const enrolment = state.get(enrolments, digest)
  const person = enrolment && state.get(people, enrolment.person)
  if (!enrolment || !person) {
    return new Fault('identity.unauthenticated', 'This enrolment link is unknown.', { next: ASK })
  }
  if (person.disabled) return new Fault('identity.disabled', 'This person is disabled.', { next: ASK })
  if (enrolment.used)
    return new Fault('identity.unauthenticated', 'This enrolment link was used already.', { next: ASK })
  if (person.enrolment !== digest) {
    return new Fault('identity.unauthenticated', 'A newer enrolment link has replaced this one.', {
      next: ASK,
    })
  }
  if (hasPassed(enrolment.at, enrolment.forMs, now)) {
    return new Fault('identity.unauthenticated', 'This enrolment link has expired.', { next: ASK })
  }
  return person
}
