import type { PersonId } from '../kernel/ids.ts'
import type { IdentityContext } from './context.ts'
import { people } from './people.ts'
import { type Token, tokenExpired, tokens } from './tokens.ts'

/** The tokens of a person that are good now, oldest first. */
export function listTokens(at: IdentityContext, person: PersonId): readonly Token[] {
  const { state } = at.journal
  const now = at.journal.now()
  return (state.get(people, person)?.tokens ?? [])
    .map(digest => state.get(tokens, digest))
    .filter(token => token !== undefined)
    .filter(token => !tokenExpired(token, now))
}
