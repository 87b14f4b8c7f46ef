import { Fault } from '../kernel/faults.ts'
import type { Decision } from '../journal/journal.ts'
import type { View } from '../journal/slice.ts'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import type { Instant } from '../kernel/clock.ts'
import { movable } from './find.ts'

/** The requester has shown the factor the procedure wants, recently enough; an old login does not count (requirement 1). */
export function verify(
  state: View,
  id: string,
  who: VerifiedPrincipal,
  now: Instant,
): Decision<void> | Fault {
  const grant = movable(state, id, 'grant.verified', 'verified')
  if (grant instanceof Fault) return grant
  if (grant.person !== who.person)
    return new Fault('forbidden', 'Only the requester can verify a request.', {
      next: 'Make a request of your own with `breakglass open`.',
    })
  const { factor, withinMs } = grant.terms.verify
  const proof = who.strongestWithin(factor, withinMs, now)
  if (!proof) return stepUp(id, factor, withinMs)
  return {
    events: [
      {
        type: 'grant.verified',
        subject: grant.person,
        target: grant.target,
        data: { grant: id, factor: proof.factor },
      },
    ],
    result: undefined,
  }
}

/** Says which factor is wanted; `facts` carry what a client needs to ask for it. */
export function stepUp(grant: string, factor: string, withinMs: number): Fault {
  return new Fault(
    'identity.step_up_required',
    `This needs a ${factor} shown in the last ${withinMs / 1000} s.`,
    {
      next: `Show your ${factor}, then go on; the request stays as it is.`,
      facts: { grant, factor, within_ms: withinMs },
    },
  )
}
