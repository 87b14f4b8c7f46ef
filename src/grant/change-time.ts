import { type Instant, remaining } from '../kernel/clock.ts'
import { formatDuration } from '../kernel/duration.ts'
import { Fault } from '../kernel/faults.ts'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import type { Decision } from '../journal/journal.ts'
import type { View } from '../journal/slice.ts'
import { findGrant } from './find.ts'
import type { Grant } from './grant.ts'
import { lockOn } from './locks.ts'
import { stepUp } from './verify.ts'

/** After an incident resolved, its grants have at most this long (INTEGRATIONS). */
export const AFTER_RESOLVED_MS = 10 * 60_000

/** Extending is a new decision: same person, a fresh factor, within the procedure's number of times and its longest time. */
export function extend(
  state: View,
  id: string,
  who: VerifiedPrincipal,
  now: Instant,
): Decision<{ endsAt: number }> | Fault {
  const grant = active(state, id, now)
  if (grant instanceof Fault) return grant
  if (grant.person !== who.person) return new Fault('forbidden', 'Only the requester extends a grant.')
  const { extend: allowed, mostMs } = grant.terms.time
  if (!allowed || grant.extensions >= allowed.times)
    return new Fault(
      'policy.denied',
      `${grant.terms.procedure} allows no ${allowed ? 'further ' : ''}extension.`,
      {
        next: 'Make a new request with `breakglass open`.',
      },
    )
  if (grant.durationMs >= mostMs)
    return new Fault('policy.denied', `The grant already has the longest time, ${formatDuration(mostMs)}.`, {
      next: 'Make a new request with `breakglass open`.',
    })
  const lock = lockOn(state, grant)
  if (lock) return new Fault('locked', 'A lock stands on this grant.')
  const { factor, withinMs } = grant.terms.verify
  if (!who.strongestWithin(factor, withinMs, now)) return stepUp(id, factor, withinMs)
  const durationMs = Math.min(grant.durationMs + allowed.byMs, mostMs)
  const endsAt = grant.activatedAt.wall + durationMs
  return {
    events: [
      {
        type: 'grant.extended',
        subject: grant.person,
        target: grant.target,
        data: { grant: id, duration_ms: durationMs, ends_at: endsAt, times: grant.extensions + 1 },
      },
    ],
    result: { endsAt },
  }
}

/** The incident is over: what is left shrinks to ten minutes at most; a grant with less keeps what it has. */
export function shorten(state: View, id: string, now: Instant): Decision<boolean> | Fault {
  const grant = active(state, id, now)
  if (grant instanceof Fault) return grant
  if (remaining(grant.activatedAt, grant.durationMs, now) <= AFTER_RESOLVED_MS)
    return { events: [], result: false }
  const durationMs = now.wall - grant.activatedAt.wall + AFTER_RESOLVED_MS
  return {
    events: [
      {
        type: 'grant.shortened',
        subject: grant.person,
        target: grant.target,
        data: {
          grant: id,
          duration_ms: durationMs,
          ends_at: grant.activatedAt.wall + durationMs,
          why: 'incident_resolved',
        },
      },
    ],
    result: true,
  }
}

function active(state: View, id: string, now: Instant): (Grant & { activatedAt: Instant }) | Fault {
  const grant = findGrant(state, id)
  if (grant instanceof Fault) return grant
  const { activatedAt } = grant
  if (grant.state !== 'active' || !activatedAt || remaining(activatedAt, grant.durationMs, now) <= 0)
    return new Fault('grant.not_active', `Grant ${id} is not active.`, {
      next: 'Make a new request with `breakglass open`.',
    })
  return { ...grant, activatedAt }
}
