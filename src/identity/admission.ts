import { Fault } from '../kernel/faults.ts'
import type { Instant } from '../kernel/clock.ts'
import type { NewEvent, View } from '../journal/slice.ts'
import { openEnrolment } from './enrolments.ts'
import { type Digest, identityEvent } from './events.ts'
import { freshProof } from './fresh-proof.ts'
import { liveToken } from './live-token.ts'
import type { Person } from './people.ts'
import { secretDigest } from './secret.ts'
import type { VerifiedPrincipal } from './verified-principal.ts'

/** Who may register a factor: the holder of an open link, or somebody signed in who has just shown a second factor. */
export type Admission = { readonly enrolment: string } | { readonly principal: VerifiedPrincipal }

export interface Admitted {
  readonly person: Person
  /** What a prompt is bound to: the digest of the link or of the token. */
  readonly bound: Digest
  /** Events that use the link up. */
  readonly uses: readonly NewEvent[]
  /** Tokens that go on when a factor is replaced: the one that acts. */
  readonly keeps: readonly Digest[]
}

/** Milliseconds within which a factor must have been shown to change factors. */
export const FACTOR_CHANGE_WITHIN = 5 * 60_000

/** Pure; judged when a prompt is made and again in the decision that registers. */
export function admit(state: View, by: Admission, now: Instant): Admitted | Fault {
  if ('enrolment' in by) {
    const digest = secretDigest('enrolment', by.enrolment)
    if (digest === undefined) {
      return new Fault('identity.unauthenticated', 'This is not an enrolment link.', {
        next: 'Open the link you were sent once more, complete with what follows the #.',
      })
    }
    const person = openEnrolment(state, digest, now)
    if (person instanceof Fault) return person
    const used = identityEvent('enrolment.used', { person: person.id, enrolment: digest })
    return { person, bound: digest, uses: [used], keeps: [] }
  }
  const live = liveToken(state, by.principal.token, now)
  if (live instanceof Fault) return live
  const { token, person } = live
  const stale = freshProof(token, 'totp', FACTOR_CHANGE_WITHIN, now)
  if (stale) return stale
  return { person, bound: token.digest, uses: [], keeps: [token.digest] }
}
