import { type Instant, remaining } from '../kernel/clock.ts'
import type { PersonId } from '../kernel/ids.ts'
import { type Factor, FACTORS, satisfies } from '../kernel/principal.ts'
import type { Digest, TokenKind } from './events.ts'
import type { Proof } from './tokens.ts'

export interface PrincipalFacts {
  readonly person: PersonId
  readonly handle: string
  readonly groups: readonly string[]
  /** Names the token that spoke; opens nothing. */
  readonly token: Digest
  /** `api`: a program that acts for the person; it may ask and never approve (requirement 10). */
  readonly kind: TokenKind
  /** When the token ends by itself, wall ms UTC. */
  readonly expires: number
  readonly proofs: readonly Proof[]
}

let claimed = false

/**
 * Somebody whose token was verified a moment ago, as the control log knew them then. Made by `authenticate` alone: there
 * is no way from a request's headers or body to one of these (attacks 4, 10). Not to be kept: groups and proofs are a
 * snapshot, `recheck` renews it for streams that last.
 */
export class VerifiedPrincipal implements PrincipalFacts {
  readonly #made = true
  readonly person: PersonId
  readonly handle: string
  readonly groups: readonly string[]
  readonly token: Digest
  readonly kind: TokenKind
  readonly expires: number
  /** Newest first. */
  readonly proofs: readonly Proof[]

  private constructor(facts: PrincipalFacts) {
    this.person = facts.person
    this.handle = facts.handle
    this.groups = facts.groups
    this.token = facts.token
    this.kind = facts.kind
    this.expires = facts.expires
    this.proofs = facts.proofs
    Object.freeze(this)
  }

  /**
   * The strongest proof at least as strong as `factor` that this token was given within the last `withinMs`; the newest
   * among equals. A sign-in of long ago never counts, whatever its strength (requirement 1).
   */
  strongestWithin(factor: Factor, withinMs: number, now: Instant): Proof | undefined {
    const fresh = this.proofs.filter(
      proof => satisfies(proof.factor, factor) && remaining(proof.at, withinMs, now) > 0,
    )
    return fresh.reduce<Proof | undefined>(
      (best, proof) => (best && FACTORS.indexOf(best.factor) >= FACTORS.indexOf(proof.factor) ? best : proof),
      undefined,
    )
  }

  static is(value: unknown): value is VerifiedPrincipal {
    return typeof value === 'object' && value !== null && #made in value && value.#made
  }

  /** Hands out the only maker, once; a second claim throws. */
  static claimMaker(): (facts: PrincipalFacts) => VerifiedPrincipal {
    if (claimed) throw new Error('the maker of principals was already claimed by authenticate')
    claimed = true
    return facts => new VerifiedPrincipal(facts)
  }
}
