import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import { checkGroups } from './check-groups.ts'
import type { IdentityContext } from './context.ts'
import { identityEvent } from './events.ts'
import { knownPerson } from './known-person.ts'

export interface ChangePerson {
  readonly person: PersonId
  readonly groups: readonly string[]
  readonly by?: PersonId
}

/** Sets the groups of a person. Counts from the next call of anybody's on, as no principal outlives its call (requirement 8). */
export async function changePerson(at: IdentityContext, input: ChangePerson): Promise<void> {
  const groups = checkGroups(input.groups)
  await at.journal.execute(state => {
    const person = knownPerson(state, input.person)
    if (person instanceof Fault) return person
    if (person.groups.join(' ') === groups.join(' ')) return { events: [], result: undefined }
    const by = input.by ? { by: input.by } : {}
    return {
      events: [identityEvent('person.changed', { person: person.id, groups, ...by })],
      result: undefined,
    }
  })
}
