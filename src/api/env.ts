import type { HttpBindings } from '@hono/node-server'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'

/** What every handler finds in its context. `principal` is set by the shell on all routes but the anonymous ones. */
export interface ApiEnv {
  Bindings: HttpBindings
  Variables: { principal: VerifiedPrincipal }
}
