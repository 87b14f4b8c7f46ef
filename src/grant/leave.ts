import type { Instant } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { Decision } from '../journal/journal.ts'
import type { View } from '../journal/slice.ts'
import { lapsesAt } from './answer-time.ts'
import { movable } from './find.ts'

/** The requester takes a pending request back; `by` somebody else only when that person was removed. */
export function withdraw(
  state: View,
  id: string,
  by: PersonId,
  why: 'requester' | 'disabled' = 'requester',
): Decision<void> | Fault {
  const grant = movable(state, id, 'grant.withdrawn', 'withdrawn')
  if (grant instanceof Fault) return grant
  if (grant.person !== by) return new Fault('forbidden', 'Only the requester withdraws a request.')
  return {
    events: [
      { type: 'grant.withdrawn', subject: grant.person, target: grant.target, data: { grant: id, why } },
    ],
    result: undefined,
  }
}

/** Nobody answered in time. */
export function lapse(state: View, id: string, now: Instant): Decision<void> | Fault {
  const grant = movable(state, id, 'grant.lapsed', 'lapsed')
  if (grant instanceof Fault) return grant
  if (now.wall < lapsesAt(grant)) return new Fault('grant.state', 'The request can still be answered.')
  return {
    events: [
      {
        type: 'grant.lapsed',
        subject: grant.person,
        target: grant.target,
        data: { grant: id, from: grant.state },
      },
    ],
    result: undefined,
  }
}
