import type { Instant } from '../kernel/clock.ts'
import { formatDuration } from '../kernel/duration.ts'
import { Fault } from '../kernel/faults.ts'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import type { Decision } from '../journal/journal.ts'
import type { View } from '../journal/slice.ts'
import { approvedEvent } from './approve.ts'
import { movable } from './find.ts'
import { stepUp } from './verify.ts'

/**
 * `approval.nobody`: nobody could answer. Opens for the requester, after the time the procedure names, with a factor shown since
 * then, for a shorter time and under the loudest alert (DESIGN §3).
 */
export function openUnanswered(
  state: View,
  id: string,
  who: VerifiedPrincipal,
  now: Instant,
): Decision<void> | Fault {
  const grant = movable(state, id, 'grant.approved', 'opened without an answer')
  if (grant instanceof Fault) return grant
  if (grant.person !== who.person)
    return new Fault('forbidden', 'Only the requester can open an unanswered request.')
  const { nobody } = grant.approval.ask
  if (!nobody)
    return new Fault('policy.denied', `${grant.terms.procedure} never opens without an answer.`, {
      next: 'Reach an approver by phone; the request lapses otherwise.',
    })
  const since = grant.verifiedAt ?? grant.requestedAt
  const waited = now.wall - since.wall
  if (waited < nobody.afterMs)
    return new Fault(
      'grant.state',
      `Somebody may still answer for ${formatDuration(Math.ceil((nobody.afterMs - waited) / 1000) * 1000)}.`,
      {
        next: 'Wait, then try again.',
        facts: { opens_at: since.wall + nobody.afterMs },
      },
    )
  // Shown after the waiting: the factor of the request itself does not count a second time.
  const proof = who.strongestWithin(
    nobody.factor,
    Math.min(grant.terms.verify.withinMs, waited - nobody.afterMs),
    now,
  )
  if (!proof) return stepUp(id, nobody.factor, grant.terms.verify.withinMs)
  return {
    events: [approvedEvent(grant, 'nobody', Math.min(grant.durationMs, nobody.mostMs), nobody.alert)],
    result: undefined,
  }
}
