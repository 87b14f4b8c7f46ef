import type { Context } from 'hono'
import type { Caller } from '../../identity/caller.ts'
import type { Identity } from '../../identity/create-identity.ts'
import type { VerifiedPrincipal } from '../../identity/verified-principal.ts'
import type { ApiEnv } from '../env.ts'

export interface IdentityRoutesOptions {
  readonly identity: Identity
  /** Where our own pages come from. */
  readonly origins: readonly string[]
  /** Whether somebody holds the role that adds and disables people. Nobody by default of configuration (requirement 7). */
  readonly mayAdminister: (principal: VerifiedPrincipal) => boolean
}

/** Where a request comes from: the socket and nothing a header says (attack 10). */
export function callerOf(c: Context<ApiEnv>): Caller {
  const application = c.req.header('user-agent')
  return {
    source: c.env?.incoming?.socket.remoteAddress ?? 'unknown',
    ...(application === undefined ? {} : { application }),
  }
}
