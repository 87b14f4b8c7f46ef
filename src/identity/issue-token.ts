import type { Instant } from '../kernel/clock.ts'
import type { NewEvent, View } from '../journal/slice.ts'
import { type Caller, callerPayload } from './caller.ts'
import { type Digest, identityEvent, type TokenKind } from './events.ts'
import type { Person } from './people.ts'
import { tokenExpired, tokens } from './tokens.ts'

/** What a fresh token looks like to whoever may hold it. */
export interface IssuedToken {
  /** Shown once; the log knows its SHA-256. */
  readonly secret: string
  readonly digest: Digest
  readonly person: Person['id']
  readonly expiresMs: number
}

/** More sign-ins than this at a time end the oldest (requirement 17). */
const TOKENS_MOST = 20

export interface TokenTerms {
  readonly person: Person
  readonly digest: Digest
  readonly kind: TokenKind
  readonly forMs: number
  readonly caller: Caller
  readonly byToken?: Digest
}

/** Pure: the event of a new token, which also ends the person's expired ones. The person has been found fit before. */
export function tokenIssued(state: View, now: Instant, terms: TokenTerms): NewEvent {
  const { person } = terms
  const live = person.tokens.filter(digest => {
    const token = state.get(tokens, digest)
    return token !== undefined && !tokenExpired(token, now)
  })
  const kept = new Set(live.slice(-(TOKENS_MOST - 1)))
  return identityEvent(
    'token.issued',
    {
      person: person.id,
      token: terms.digest,
      kind: terms.kind,
      for_ms: terms.forMs,
      ends: person.tokens.filter(digest => !kept.has(digest)),
      ...(terms.byToken === undefined ? {} : { by_token: terms.byToken }),
    },
    { payload: callerPayload(terms.caller), seal: person.id },
  )
}
