import type { Decision } from '../journal/journal.ts'
import type { View } from '../journal/slice.ts'
import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import { ACCEPTANCE, procedureSets } from './acceptance.ts'

export interface Accepting {
  readonly digest: string
  readonly by: PersonId
  /** A second factor was proven for this very act, not at some sign-in. */
  readonly factorProven: boolean
}

export interface Accepted {
  readonly digest: string
  readonly acceptedBy: readonly PersonId[]
  readonly needed: number
  /** Whether this was the acceptance that brought the set into force. */
  readonly inForce: boolean
}

/**
 * An owner's yes to the set on offer. Pure. Only owners, each once, with a factor; the k-th brings it into force in the same
 * frame. Faults: `forbidden`, `identity.step_up_required`, `conflict` (nothing like it on offer, in force, said already).
 */
export function acceptSet(state: View, { digest, by, factorProven }: Accepting): Decision<Accepted> | Fault {
  const known = state.get(procedureSets, ACCEPTANCE)
  if (known === undefined || !known.owners.includes(by)) {
    return new Fault('forbidden', 'Only the owners of the organisation accept procedures.', {
      next: 'Ask an owner to run `breakglass policy accept`.',
    })
  }
  if (known.inForce === digest && known.offer === undefined) {
    return new Fault('conflict', 'This set of procedures is already in force.', {
      next: 'There is nothing to do.',
    })
  }
  if (known.offer?.digest !== digest) {
    return new Fault('conflict', 'The set of procedures on offer is another one.', {
      next: 'Look at it with `breakglass policy check` and accept the digest it shows.',
      facts: known.offer === undefined ? {} : { offered: known.offer.digest },
    })
  }
  if (known.offer.acceptedBy.includes(by)) {
    return new Fault('conflict', 'You have accepted this set already; one person counts once.', {
      next: `${known.needed - known.offer.acceptedBy.length} more of the other owners must accept.`,
    })
  }
  if (!factorProven) {
    return new Fault('identity.step_up_required', 'Accepting procedures takes a fresh second factor.', {
      next: 'Prove it when asked, then accept again.',
    })
  }
  const acceptedBy = [...known.offer.acceptedBy, by]
  const inForce = acceptedBy.length >= known.needed
  const accepted = { type: 'procedures.accepted', subject: by, data: { digest, by } }
  return {
    events: inForce ? [accepted, { type: 'procedures.in_force', data: { digest } }] : [accepted],
    result: { digest, acceptedBy, needed: known.needed, inForce },
  }
}
