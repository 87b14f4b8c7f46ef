import { createRoute, z } from '@hono/zod-openapi'
import { newRouter } from '../router.ts'
import { callerOf, type IdentityRoutesOptions } from './context.ts'
import { answer, body, DONE, done, iso, SignedIn, Time, UserCode } from './schemas.ts'

const tags = ['login']
const ByCode = z.object({ code: UserCode })

/** Letting a terminal in (RFC 8628): it starts and polls, a person answers in the browser. */
export function loginRoutes({ identity }: IdentityRoutesOptions) {
  const routes = newRouter()

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/login/start',
      tags,
      summary: 'Ask to be let in',
      responses: {
        200: answer(
          z.object({
            poll: z.string(),
            code: z.string(),
            link: z.string(),
            expires_at: Time,
            poll_every_ms: z.int(),
          }),
          'Show the code and the link; keep `poll`.',
        ),
      },
    }),
    c => {
      const { poll, code, link, expiresMs, pollEveryMs } = identity.startLogin(callerOf(c))
      const expires_at = iso(identity.now().wall + expiresMs)
      return c.json({ poll, code, link, expires_at, poll_every_ms: pollEveryMs }, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/login/poll',
      tags,
      summary: 'What came of it',
      request: { body: body(z.strictObject({ poll: z.string().min(1).max(64) })) },
      responses: {
        200: answer(SignedIn, 'Let in; told once.'),
        202: answer(z.object({ state: z.literal('pending') }), 'Nobody has answered.'),
      },
    }),
    async c => {
      const polled = await identity.pollLogin(c.req.valid('json').poll)
      if (polled.state === 'pending') return c.json({ state: polled.state }, 202)
      const { secret, person, expiresMs } = polled.token
      const handle = identity.handleOf(person) ?? person
      return c.json({ token: secret, person, handle, expires_at: iso(identity.now().wall + expiresMs) }, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'get',
      path: '/v1/login/{code}',
      tags,
      summary: 'Which terminal asks',
      request: { params: ByCode },
      responses: {
        200: answer(z.object({ source: z.string(), application: z.string() }), 'Where it asks from.'),
      },
    }),
    c => c.json(identity.findLogin(c.get('principal'), c.req.valid('param').code), 200),
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/login/{code}/approve',
      tags,
      summary: 'Let the terminal in as oneself',
      request: { params: ByCode },
      responses: { 200: DONE },
    }),
    c => {
      identity.approveLogin(c.get('principal'), c.req.valid('param').code)
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/login/{code}/deny',
      tags,
      summary: 'Keep the terminal out',
      request: { params: ByCode },
      responses: { 200: DONE },
    }),
    c => {
      identity.denyLogin(c.get('principal'), c.req.valid('param').code)
      return c.json(done, 200)
    },
  )
  return routes
}
