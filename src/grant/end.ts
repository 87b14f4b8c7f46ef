import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { Decision } from '../journal/journal.ts'
import type { View } from '../journal/slice.ts'
import { movable } from './find.ts'
import type { EndReason } from './grant.ts'

/** Narrows access: needs no Authorization and never waits for one. Who may end what is checked by the caller. */
export function end(state: View, id: string, reason: EndReason, by?: PersonId): Decision<void> | Fault {
  const grant = movable(state, id, 'grant.ended', 'ended')
  if (grant instanceof Fault) return grant
  return {
    events: [
      {
        type: 'grant.ended',
        subject: grant.person,
        target: grant.target,
        outcome: reason,
        data: { grant: id, reason, ...(by !== undefined && { by }) },
      },
    ],
    result: undefined,
  }
}
