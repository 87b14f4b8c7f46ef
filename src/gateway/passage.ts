import type { Target } from '../kernel/target.ts'
import type { Receipt } from '../ledger/receipt.ts'
import { Receipt as Receipts } from '../ledger/receipt.ts'
import { Authorization } from '../grant/authorization.ts'
import { Passage, type TargetLogin } from '../target/passage.ts'

const make = Passage.claimMaker()

/**
 * The one place where access widens: without an Authorization and the Receipt of the event that records it there is no
 * Passage, and without a Passage no protocol creates a login or dials (DESIGN §1.1). Both are checked at run time too, as
 * a type assertion elsewhere must not be enough.
 */
export function openPassage(
  authorization: Authorization,
  receipt: Receipt,
  target: Target,
  login: TargetLogin,
  session?: string,
): Passage {
  if (!Authorization.is(authorization) || !Receipts.is(receipt)) {
    throw new Error('a passage needs an Authorization and a Receipt from their makers')
  }
  const { grant, remainingMs } = authorization
  const { forceCommand, host } = grant.terms.scope
  return make({
    grant: grant.id,
    session,
    target,
    scope: grant.scope,
    login,
    remainingMs,
    forceCommand,
    host,
  })
}
