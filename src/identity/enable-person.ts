import { Fault } from '../kernel/faults.ts'
import type { IdentityContext } from './context.ts'
import type { SwitchPerson } from './disable-person.ts'
import { identityEvent } from './events.ts'
import { knownPerson } from './known-person.ts'

/** Lets a person sign in again with the factors they had. */
export async function enablePerson(at: IdentityContext, input: SwitchPerson): Promise<void> {
  await at.journal.execute(state => {
    const person = knownPerson(state, input.person)
    if (person instanceof Fault) return person
    if (!person.disabled) return { events: [], result: undefined }
    const by = input.by ? { by: input.by } : {}
    return { events: [identityEvent('person.enabled', { person: person.id, ...by })], result: undefined }
  })
}
