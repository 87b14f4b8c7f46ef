import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { IdentityContext } from './context.ts'
import { type Digest, identityEvent } from './events.ts'
import { knownPerson } from './known-person.ts'

export interface RevokeToken {
  readonly person: PersonId
  readonly token: Digest
  readonly by?: PersonId
}

/** Ends one token of a person; one that is not theirs is not found. It narrows, so it may use the log's reserve. */
export async function revokeToken(at: IdentityContext, input: RevokeToken): Promise<void> {
  await at.journal.execute(
    state => {
      const person = knownPerson(state, input.person)
      if (person instanceof Fault) return person
      if (!person.tokens.includes(input.token)) {
        return new Fault('not_found', 'There is no such token, or it has ended.', {
          next: 'List the tokens.',
        })
      }
      const by = input.by ? { by: input.by } : {}
      const event = identityEvent('token.revoked', { person: person.id, tokens: [input.token], ...by })
      return { events: [event], result: undefined }
    },
    { reserve: true },
  )
}
