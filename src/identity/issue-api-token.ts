import { Fault } from '../kernel/faults.ts'
import { FACTOR_CHANGE_WITHIN } from './admission.ts'
import type { Caller } from './caller.ts'
import type { IdentityContext } from './context.ts'
import { freshProof } from './fresh-proof.ts'
import { type IssuedToken, tokenIssued } from './issue-token.ts'
import { liveToken } from './live-token.ts'
import { newSecret } from './secret.ts'
import type { VerifiedPrincipal } from './verified-principal.ts'

export interface IssueApiToken {
  readonly principal: VerifiedPrincipal
  readonly forMs: number
  readonly caller: Caller
}

/**
 * A token for a program that acts for the person: it may ask, it can never show a factor, so it never approves and never
 * opens what demands one (requirement 10). Takes a second factor of the last five minutes.
 */
export async function issueApiToken(at: IdentityContext, input: IssueApiToken): Promise<IssuedToken> {
  const { forMs } = input
  if (!(forMs > 0) || forMs > at.settings.apiMs) {
    throw new Fault('input.invalid', 'A token cannot live that long.', {
      next: `Ask for at most ${Math.floor(at.settings.apiMs / 86_400_000)} days.`,
      facts: { field: 'for_ms', most_ms: at.settings.apiMs },
    })
  }
  const { secret, digest } = newSecret('token')
  await at.journal.execute((state, now) => {
    const live = liveToken(state, input.principal.token, now)
    if (live instanceof Fault) return live
    const { person, token } = live
    const stale = freshProof(token, 'totp', FACTOR_CHANGE_WITHIN, now)
    if (stale) return stale
    const event = tokenIssued(state, now, {
      person,
      digest,
      kind: 'api',
      forMs,
      caller: input.caller,
      byToken: token.digest,
    })
    return { events: [event], result: undefined }
  })
  return { secret, digest, person: input.principal.person, expiresMs: forMs }
}
