import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { IdentityContext } from './context.ts'
import { identityEvent } from './events.ts'
import { factorRecord } from './factor-record.ts'
import { knownPerson } from './known-person.ts'

export interface RemoveFactor {
  readonly person: PersonId
  readonly factor: string
  readonly by: PersonId
}

/** Takes a factor away (lost device) and ends every token of the person. It narrows, so it may use the log's reserve. */
export async function removeFactor(at: IdentityContext, input: RemoveFactor): Promise<void> {
  const { result: removed } = await at.journal.execute(
    state => {
      const person = knownPerson(state, input.person)
      if (person instanceof Fault) return person
      const held = person.factors.find(factor => factor.id === input.factor)
      if (!held)
        return new Fault('not_found', 'This person has no such factor.', { next: 'List the factors first.' })
      const { id, kind } = held
      const event = identityEvent('factor.removed', {
        person: person.id,
        factor: id,
        kind,
        ends: person.tokens,
        by: input.by,
      })
      return { events: [event], result: id }
    },
    { reserve: true },
  )
  await at.secrets.destroy(factorRecord(removed))
}
