import { VerifiedPrincipal } from '../identity/verified-principal.ts'
import { Fault } from '../kernel/faults.ts'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AnonymousRoute } from './anonymous.ts'
import type { ApiEnv } from './env.ts'
import { createShell } from './shell.ts'

// Who is who is the shell's business; these tests never load `authenticate`, so the one maker is free here.
const make = VerifiedPrincipal.claimMaker()

/** People of the tests: the token `bgt_<handle padded>` speaks for `p_<handle>`. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  ana: ['security'],
  priya: ['security'],
  tomas: [],
}

export const tokenOf = (handle: string): string => `bgt_${handle.padEnd(43, 'x')}`
export const personOf = (handle: string): `p_${string}` => `p_${handle}`

export function principalOf(handle: string, kind: 'session' | 'api' = 'session'): VerifiedPrincipal {
  return make({
    person: personOf(handle),
    handle,
    groups: GROUPS[handle] ?? [],
    token: 'd',
    kind,
    expires: Infinity,
    proofs: [],
  })
}

/** One group of routes behind the real shell. */
export function behindShell(
  routes: OpenAPIHono<ApiEnv>,
  anonymous: readonly AnonymousRoute[],
  programs: readonly AnonymousRoute[],
): OpenAPIHono<ApiEnv> {
  return createShell({
    identity: {
      authenticate: secret => {
        const handle = Object.keys(GROUPS).find(handle => tokenOf(handle) === secret)
        if (handle === undefined) throw new Fault('identity.unauthenticated', 'This token is not valid.')
        return principalOf(handle)
      },
    },
    origins: ['http://localhost:7070'],
    anonymous,
    programs,
    routes: [routes],
    version: '0.0.0',
    onInternal: cause => {
      throw cause
    },
  })
}
