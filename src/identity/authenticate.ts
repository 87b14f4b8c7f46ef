import { Fault } from '../kernel/faults.ts'
import type { IdentityContext } from './context.ts'
import type { Digest } from './events.ts'
import { liveToken } from './live-token.ts'
import { secretDigest } from './secret.ts'
import { VerifiedPrincipal } from './verified-principal.ts'

const make = VerifiedPrincipal.claimMaker()

/**
 * Who holds this token, by what is durable and signed now. The same for every way a token arrives (cookie, header,
 * terminal): attack 11. Faults `identity.unauthenticated`, `identity.disabled`.
 */
export function authenticate(at: IdentityContext, secret: string): VerifiedPrincipal {
  const digest = secretDigest('token', secret)
  if (digest === undefined) {
    throw new Fault('identity.unauthenticated', 'This is not a token of breakglass.', {
      next: 'Sign in again.',
    })
  }
  return principalOf(at, digest)
}

/** The same principal as the log knows it now; throws when the token has ended. For streams, at each thing they show. */
export function recheck(at: IdentityContext, principal: VerifiedPrincipal): VerifiedPrincipal {
  return principalOf(at, principal.token)
}

function principalOf(at: IdentityContext, digest: Digest): VerifiedPrincipal {
  const live = liveToken(at.journal.state, digest, at.journal.now())
  if (live instanceof Fault) throw live
  const { token, person } = live
  const handle = at.directory.handleOf(person.id)
  if (handle === undefined) {
    throw new Fault('identity.unauthenticated', 'The profile of this person cannot be read.', {
      next: 'Run `breakglass ledger verify`; somebody else must act meanwhile.',
    })
  }
  return make({
    person: person.id,
    handle,
    groups: person.groups,
    token: digest,
    kind: token.kind,
    expires: token.at.wall + token.forMs,
    proofs: token.proofs,
  })
}
