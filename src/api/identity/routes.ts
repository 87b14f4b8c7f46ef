import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AnonymousRoute } from '../anonymous.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'
import type { IdentityRoutesOptions } from './context.ts'
import { enrolRoutes } from './enrol.ts'
import { loginRoutes } from './login.ts'
import { meRoutes } from './me.ts'
import { peopleRoutes } from './people.ts'
import { sameOrigin } from './same-origin.ts'
import { signInRoutes } from './sign-in.ts'
import { stepUpRoutes } from './step-up.ts'

const post = (path: string): AnonymousRoute => ({ method: 'POST', path })

/** The routes on which a factor, a link or a poll secret is the proof. Everything else needs a principal. */
export const identityAnonymous: readonly AnonymousRoute[] = [
  post('/v1/signin/passkey/begin'),
  post('/v1/signin/passkey/finish'),
  post('/v1/signin/password'),
  post('/v1/enrol/begin'),
  post('/v1/enrol/passkey/begin'),
  post('/v1/enrol/passkey/finish'),
  post('/v1/enrol/totp/begin'),
  post('/v1/enrol/totp/finish'),
  post('/v1/stepup/link/begin'),
  post('/v1/stepup/link/finish'),
  post('/v1/login/start'),
  post('/v1/login/poll'),
]

/** What a program's token may reach here. */
export const identityPrograms: readonly AnonymousRoute[] = [
  { method: 'GET', path: '/v1/me' },
  post('/v1/signout'),
]

/** All routes of identity; mount behind the shell, which sets `principal`. */
export function identityRoutes(options: IdentityRoutesOptions): OpenAPIHono<ApiEnv> {
  const routes = newRouter()
  for (const { path } of identityAnonymous) routes.use(path, sameOrigin(options.origins))
  for (const make of [signInRoutes, enrolRoutes, stepUpRoutes, loginRoutes, meRoutes, peopleRoutes]) {
    routes.route('/', make(options))
  }
  return routes
}
