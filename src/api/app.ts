import type { OpenAPIHono } from '@hono/zod-openapi'
import { includes } from '../grant/people.ts'
import type { AnonymousRoute } from './anonymous.ts'
import type { AppDeps } from './deps.ts'
import type { ApiEnv } from './env.ts'
import { credentialRoutes } from './grants/credential-routes.ts'
import { evidenceRoutes } from './evidence/evidence-routes.ts'
import { grantRoutes } from './grants/grant-routes.ts'
import { lockRoutes } from './grants/lock-routes.ts'
import { rehearsalRoutes } from './grants/rehearsal-routes.ts'
import { pageRoutes, pagesAnonymous } from './identity/pages.ts'
import { identityAnonymous, identityPrograms, identityRoutes } from './identity/routes.ts'
import { ANONYMOUS_INCIDENT_ROUTES, incidentRoutes, PROGRAM_INCIDENT_ROUTES } from './incident/routes.ts'
import { ledgerRoutes } from './ledger/ledger-routes.ts'
import { metricsRoutes } from './metrics-routes.ts'
import { policyRoutes } from './policy/policy-routes.ts'
import { reviewRoutes } from './review/routes.ts'
import { sessionRoutes } from './sessions/session-routes.ts'
import { statementRoutes } from './sessions/statement-routes.ts'
import { watchRoutes } from './sessions/watch-routes.ts'
import { createShell } from './shell.ts'
import { statusRoutes } from './status-routes.ts'
import { sshKeyRoutes } from './targets/ssh-key-routes.ts'
import { targetRoutes } from './targets/target-routes.ts'

/** Everything that answers without a principal: each line was put here on purpose. */
export const ANONYMOUS: readonly AnonymousRoute[] = [
  ...pagesAnonymous,
  ...identityAnonymous,
  ...ANONYMOUS_INCIDENT_ROUTES,
  { method: 'GET', path: '/v1/health' },
]

/** What a program may do for its person: ask, look and leave; never answer, review, lock or administer (requirement 10). */
export const PROGRAMS: readonly AnonymousRoute[] = [
  ...identityPrograms,
  ...PROGRAM_INCIDENT_ROUTES,
  { method: 'GET', path: '/v1/status' },
  { method: 'GET', path: '/v1/live' },
  { method: 'GET', path: '/v1/targets' },
  { method: 'GET', path: '/v1/policy' },
  { method: 'POST', path: '/v1/policy/explain' },
  { method: 'POST', path: '/v1/grants' },
  { method: 'GET', path: '/v1/grants' },
  { method: 'GET', path: '/v1/grants/{id}' },
  { method: 'POST', path: '/v1/grants/{id}/withdraw' },
  { method: 'POST', path: '/v1/grants/{id}/close' },
  { method: 'POST', path: '/v1/grants/{id}/credential' },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/v1/ledger' },
  { method: 'GET', path: '/v1/ledger/{log}/proof/{index}' },
]

/** The whole API behind its shell; listen with `serveApi`. */
export function createApp(deps: AppDeps): OpenAPIHono<ApiEnv> {
  const { identity, incidents, reviews, roles, origins } = deps
  return createShell({
    identity,
    origins,
    anonymous: ANONYMOUS,
    programs: PROGRAMS,
    version: deps.version,
    onInternal: (cause, at) => deps.onInternal(cause, at),
    routes: [
      pageRoutes(),
      statusRoutes(deps),
      identityRoutes({ identity, origins, mayAdminister: who => includes(roles.administer, who) }),
      grantRoutes(deps),
      credentialRoutes(deps),
      rehearsalRoutes(deps),
      lockRoutes(deps),
      targetRoutes(deps),
      sshKeyRoutes(deps),
      incidentRoutes(incidents),
      reviewRoutes({ reviews, handleOf: person => identity.handleOf(person) }),
      sessionRoutes(deps),
      statementRoutes(deps),
      watchRoutes(deps),
      policyRoutes(deps),
      ledgerRoutes(deps),
      evidenceRoutes(deps),
      metricsRoutes(deps),
    ],
  })
}
