import { Fault } from '../kernel/faults.ts'
import type { IdentityContext } from './context.ts'
import type { SwitchPerson } from './disable-person.ts'
import { identityEvent } from './events.ts'
import { knownPerson } from './known-person.ts'

/** Ends every token of a person at once and returns how many. */
export async function revokeAll(at: IdentityContext, input: SwitchPerson): Promise<number> {
  const { result } = await at.journal.execute(
    state => {
      const person = knownPerson(state, input.person)
      if (person instanceof Fault) return person
      if (person.tokens.length === 0) return { events: [], result: 0 }
      const by = input.by ? { by: input.by } : {}
      const event = identityEvent('token.revoked', { person: person.id, tokens: person.tokens, ...by })
      return { events: [event], result: person.tokens.length }
    },
    { reserve: true },
  )
  return result
}
