import { hasPassed, type Instant } from '../kernel/clock.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { Factor } from '../kernel/principal.ts'
import type { Slice } from '../journal/slice.ts'
import { type Digest, identityFact, instantOf, type TokenKind } from './events.ts'

/** A factor that was presented for this token and no other, at log time. */
export interface Proof {
  readonly factor: Factor
  readonly at: Instant
}

/** Older proofs are of no use to anybody: no procedure may accept a factor that was shown this many proofs ago. */
const PROOFS_KEPT = 8

/**
 * A token that was issued and not ended. Ending removes it, so what is not here opens nothing; expiry is judged by
 * `tokenExpired` as time is no event.
 */
export interface Token {
  readonly digest: Digest
  readonly person: PersonId
  readonly kind: TokenKind
  readonly at: Instant
  readonly forMs: number
  /** Newest first, bounded. */
  readonly proofs: readonly Proof[]
}

/** Keyed by the SHA-256 hex of the token's secret. */
export const tokens: Slice<Token> = {
  name: 'tokens',
  keys(event) {
    const fact = identityFact(event)
    switch (fact?.type) {
      case 'token.issued':
        return [fact.data.token, ...fact.data.ends]
      case 'factor.proven':
        return [fact.data.token]
      case 'token.revoked':
        return fact.data.tokens
      case 'person.disabled':
      case 'factor.removed':
        return fact.data.ends
      default:
        return []
    }
  },
  evolve(token, event, key) {
    const fact = identityFact(event)
    if (fact?.type === 'token.issued' && fact.data.token === key) {
      const { person, kind, for_ms } = fact.data
      return { digest: key, person, kind, at: instantOf(event), forMs: for_ms, proofs: [] }
    }
    if (fact?.type === 'factor.proven') {
      if (!token) return undefined
      const proof: Proof = { factor: fact.data.factor, at: instantOf(event) }
      return { ...token, proofs: [proof, ...token.proofs].slice(0, PROOFS_KEPT) }
    }
    return undefined
  },
}

export function tokenExpired(token: Token, now: Instant): boolean {
  return hasPassed(token.at, token.forMs, now)
}
