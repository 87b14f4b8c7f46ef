import type { Instant } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { View } from '../journal/slice.ts'
import type { Digest } from './events.ts'
import { people, type Person } from './people.ts'
import { personDisabled } from './person-disabled.ts'
import { type Token, tokenExpired, tokens } from './tokens.ts'

/** The token and its person, if both are good now: known, not ended, not expired, not disabled. The one place that judges it. */
export function liveToken(
  state: View,
  digest: Digest,
  now: Instant,
): { readonly token: Token; readonly person: Person } | Fault {
  const token = state.get(tokens, digest)
  const person = token && state.get(people, token.person)
  if (!token || !person || tokenExpired(token, now)) {
    return new Fault('identity.unauthenticated', 'This sign-in is unknown or has ended.', {
      next: 'Sign in again.',
    })
  }
  return person.disabled ? personDisabled() : { token, person }
}
