import type { IdentityContext } from './context.ts'
import { refusePrograms } from './refuse-programs.ts'
import { UserCodes } from './user-codes.ts'
import type { VerifiedPrincipal } from './verified-principal.ts'

export interface AskedStepUp {
  /** Shown in the terminal and on the page: the person compares them. */
  readonly code: string
  readonly link: string
  readonly expiresMs: number
}

/** A terminal asks for a passkey it cannot reach itself: the person opens the link and answers there, for this token. */
export function askStepUp(at: IdentityContext, principal: VerifiedPrincipal): AskedStepUp {
  const program = refusePrograms(principal.kind)
  if (program) throw program
  const code = at.stepUps.issue(principal.token, principal.token, at.journal.now())
  return { code, link: `${at.settings.origin}/step-up?code=${code}`, expiresMs: UserCodes.lifeMs }
}
