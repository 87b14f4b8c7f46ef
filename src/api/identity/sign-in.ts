import { createRoute, z } from '@hono/zod-openapi'
import type { AuthenticationResponseJSON } from '@simplewebauthn/server'
import type { IssuedToken } from '../../identity/issue-token.ts'
import { newRouter } from '../router.ts'
import { callerOf, type IdentityRoutesOptions } from './context.ts'
import { endedCookie, sessionCookie } from './cookie.ts'
import { answer, Assertion, Attempt, body, Code, DONE, done, iso, Prompt, SignedIn } from './schemas.ts'
import { promptShown } from './prompt-shown.ts'

const tags = ['sign-in']

/** Signing in and out. The browser never sees its token: it travels as an HttpOnly cookie. */
export function signInRoutes({ identity }: IdentityRoutesOptions) {
  const routes = newRouter()
  const { origin } = identity.settings
  const shown = (issued: IssuedToken) => ({
    person: issued.person,
    handle: identity.handleOf(issued.person) ?? issued.person,
    expires_at: iso(identity.now().wall + issued.expiresMs),
  })

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/signin/passkey/begin',
      tags,
      summary: 'Begin a sign-in by passkey',
      responses: {
        200: answer(Prompt, 'For navigator.credentials.get; good for two minutes and one answer.'),
      },
    }),
    async c => {
      return c.json(promptShown(await identity.beginPasskeySignIn()), 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/signin/passkey/finish',
      tags,
      summary: 'Sign in by the answer of a passkey',
      request: { body: body(z.strictObject({ attempt: Attempt, response: Assertion })) },
      responses: { 200: answer(SignedIn, 'Signed in; the cookie is set.') },
    }),
    async c => {
      const { attempt, response } = c.req.valid('json')
      const issued = await identity.signInWithPasskey({
        attempt,
        response: response as AuthenticationResponseJSON,
        caller: callerOf(c),
      })
      c.header('set-cookie', sessionCookie(issued.secret, issued.expiresMs, origin))
      return c.json(shown(issued), 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/signin/password',
      tags,
      summary: 'Sign in by handle, password and code',
      request: {
        body: body(
          z.strictObject({
            handle: z.string().min(1).max(256),
            password: z.string().min(1).max(1024),
            code: Code,
            as: z.enum(['session', 'cli']).default('session'),
          }),
        ),
      },
      responses: { 200: answer(SignedIn, 'Signed in: a cookie for `session`, a token for `cli`.') },
    }),
    async c => {
      const { as: kind, ...given } = c.req.valid('json')
      const issued = await identity.signInWithPassword({ ...given, kind, caller: callerOf(c) })
      if (kind === 'cli') return c.json({ ...shown(issued), token: issued.secret }, 200)
      c.header('set-cookie', sessionCookie(issued.secret, issued.expiresMs, origin))
      return c.json(shown(issued), 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/signout',
      tags,
      summary: 'End the token this request came with',
      responses: { 200: DONE },
    }),
    async c => {
      const { person, token } = c.get('principal')
      await identity.revokeToken({ person, token, by: person })
      c.header('set-cookie', endedCookie(origin))
      return c.json(done, 200)
    },
  )
  return routes
}
