import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { IdentityContext } from './context.ts'
import { identityEvent } from './events.ts'
import { knownPerson } from './known-person.ts'

export interface SwitchPerson {
  readonly person: PersonId
  readonly by?: PersonId
}

/**
 * Shuts a person out: no factor signs in, every token and the open enrolment link end with this one event, and stay ended
 * when the person is enabled again. It narrows, so it may use the log's reserve. Others cut sessions on `person.disabled`.
 */
export async function disablePerson(at: IdentityContext, input: SwitchPerson): Promise<void> {
  await at.journal.execute(
    state => {
      const person = knownPerson(state, input.person)
      if (person instanceof Fault) return person
      if (person.disabled) return { events: [], result: undefined }
      const by = input.by ? { by: input.by } : {}
      const event = identityEvent('person.disabled', { person: person.id, ends: person.tokens, ...by })
      return { events: [event], result: undefined }
    },
    { reserve: true },
  )
}
