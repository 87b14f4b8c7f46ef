import { Fault } from '../kernel/faults.ts'
import type { View } from '../journal/slice.ts'
import type { Grant } from './grant.ts'
import { grants } from './slice.ts'
import { allows, type Move } from './states.ts'

export function findGrant(state: View, id: string): Grant | Fault {
  return (
    state.get(grants, id) ??
    new Fault('not_found', `There is no grant ${id}.`, { next: 'List grants with `breakglass grants`.' })
  )
}

/** The grant, if this move is allowed from where it is. */
export function movable(state: View, id: string, move: Move, act: string): Grant | Fault {
  const grant = findGrant(state, id)
  if (grant instanceof Fault || allows(move, grant.state)) return grant
  return new Fault('grant.state', `Grant ${id} is ${grant.state}; it cannot be ${act}.`, {
    next:
      grant.state === 'active'
        ? `Close it with \`breakglass close ${id}\`.`
        : 'Make a new request with `breakglass open`.',
    facts: { grant: id, state: grant.state },
  })
}
