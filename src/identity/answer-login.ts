import { Fault } from '../kernel/faults.ts'
import { type Caller, callerPayload } from './caller.ts'
import type { IdentityContext } from './context.ts'
import { freshProof } from './fresh-proof.ts'
import { liveToken } from './live-token.ts'
import type { VerifiedPrincipal } from './verified-principal.ts'

/** Milliseconds within which the person must have shown a factor in the browser to let a terminal in. */
const WITHIN = 2 * 60_000

/** What the page shows before it is answered. Fault `not_found`; wrong codes are counted against the caller's token. */
export function findLogin(at: IdentityContext, principal: VerifiedPrincipal, code: string): Required<Caller> {
  const now = at.journal.now()
  const attempt = at.attempts.codes.begin(principal.token, now)
  const request = at.logins.find(code, now)
  if (request) {
    attempt.dropped()
    return callerPayload(request.caller)
  }
  attempt.failed(now)
  throw new Fault('not_found', 'This code is unknown, answered or older than five minutes.', {
    next: 'Run `breakglass login` again and compare the code.',
  })
}

/**
 * Lets the terminal in that shows this code, as the person who says so. Takes a browser session and a second factor of the
 * last two minutes. The token is made when the terminal asks for it and carries no proof: what it opens later takes a
 * factor of its own, so a person tricked into approving gives away a way to ask, not a way in (requirement 1).
 */
export function approveLogin(at: IdentityContext, principal: VerifiedPrincipal, code: string): void {
  const now = at.journal.now()
  const live = liveToken(at.journal.state, principal.token, now)
  if (live instanceof Fault) throw live
  if (live.token.kind !== 'session') {
    throw new Fault('forbidden', 'A terminal is let in from a browser.', {
      next: 'Open the link in a browser and sign in there.',
    })
  }
  const stale = freshProof(live.token, 'totp', WITHIN, now)
  if (stale) throw stale
  findLogin(at, principal, code)
  at.logins.answer(code, { state: 'approved', person: live.person.id, byToken: live.token.digest }, now)
}

export function denyLogin(at: IdentityContext, principal: VerifiedPrincipal, code: string): void {
  findLogin(at, principal, code)
  at.logins.answer(code, { state: 'denied' }, at.journal.now())
}
