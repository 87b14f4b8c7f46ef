import { Fault } from '../kernel/faults.ts'
import type { IdentityContext } from './context.ts'
import type { Digest } from './events.ts'
import { refusePrograms } from './refuse-programs.ts'
import type { VerifiedPrincipal } from './verified-principal.ts'

/** One's own token, or the code another screen shows (`askStepUp`): whoever answers it must be the same person. */
export type StepUpOf = { readonly principal: VerifiedPrincipal } | { readonly code: string }

/** Which token a proof is meant for: the caller's own, or the one that asked for it elsewhere under a code. */
export function tokenOfStepUp(at: IdentityContext, of: StepUpOf): Digest | Fault {
  if ('principal' in of) return refusePrograms(of.principal.kind) ?? of.principal.token
  return (
    at.stepUps.find(of.code, at.journal.now()) ??
    new Fault('not_found', 'This code is unknown, used or older than five minutes.', {
      next: 'Ask for a new one in the terminal.',
    })
  )
}
