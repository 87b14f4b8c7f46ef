import { createMiddleware } from 'hono/factory'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import { Fault } from '../kernel/faults.ts'
import type { ApiEnv } from './env.ts'
import { checkSameOrigin, credentialOf } from './credential.ts'

export interface Authenticator {
  /** The person behind a token secret. Fault `identity.unauthenticated` or `identity.disabled`. */
  authenticate(secret: string): VerifiedPrincipal | Promise<VerifiedPrincipal>
}

export interface AuthenticateOptions {
  readonly identity: Authenticator
  readonly origins: readonly string[]
  readonly isAnonymous: (method: string, path: string) => boolean
  /** What a program acting for a person may do (requirement 10): `api` tokens reach nothing else. */
  readonly isForPrograms: (method: string, path: string) => boolean
}

/** The guard before every route: a principal, or 401, unless the route is on the anonymous list. */
export function authenticate({ identity, origins, isAnonymous, isForPrograms }: AuthenticateOptions) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { method, path } = c.req
    if (isAnonymous(method, path)) return next()
    const credential = credentialOf(c.req.raw.headers)
    if (credential.kind === 'cookie') checkSameOrigin(method, c.req.raw.headers, origins)
    const principal = await identity.authenticate(credential.secret)
    if (principal.kind === 'api' && !isForPrograms(method, path))
      throw new Fault('forbidden', 'A program may ask for access, never answer, review or administer.', {
        next: 'Sign in as yourself with `breakglass login` for this.',
      })
    c.set('principal', principal)
    return next()
  })
}
