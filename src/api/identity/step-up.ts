import { createRoute, z } from '@hono/zod-openapi'
import type { AuthenticationResponseJSON } from '@simplewebauthn/server'
import { newRouter } from '../router.ts'
import type { IdentityRoutesOptions } from './context.ts'
import { answer, Assertion, Attempt, body, Code, DONE, done, iso, Prompt, UserCode } from './schemas.ts'
import { promptShown } from './prompt-shown.ts'

const tags = ['step-up']
const Answered = z.strictObject({ attempt: Attempt, response: Assertion })

/** Showing a factor for a token that exists: one's own, or one of one's own that asked from a terminal. */
export function stepUpRoutes({ identity }: IdentityRoutesOptions) {
  const routes = newRouter()

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/stepup/totp',
      tags,
      summary: 'Show a code of the authenticator app',
      request: { body: body(z.strictObject({ code: Code })) },
      responses: { 200: DONE },
    }),
    async c => {
      await identity.stepUpWithTotp(c.get('principal'), c.req.valid('json').code)
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/stepup/passkey/begin',
      tags,
      summary: 'Begin to show a passkey',
      responses: {
        200: answer(Prompt, 'For navigator.credentials.get; the answer is good for this token alone.'),
      },
    }),
    async c => {
      return c.json(promptShown(await identity.beginPasskeyStepUp({ principal: c.get('principal') })), 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/stepup/passkey/finish',
      tags,
      summary: 'Show the passkey',
      request: { body: body(Answered) },
      responses: { 200: DONE },
    }),
    async c => {
      const { attempt, response } = c.req.valid('json')
      await identity.stepUpWithPasskey(
        { principal: c.get('principal') },
        { attempt, response: response as AuthenticationResponseJSON },
      )
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/stepup/link',
      tags,
      summary: 'Ask for a passkey in a browser',
      description: 'For terminals: open the link, compare the code, then look at the proofs in /v1/me.',
      responses: {
        200: answer(
          z.object({ code: z.string(), link: z.string(), expires_at: z.string() }),
          'The code stands on both screens.',
        ),
      },
    }),
    c => {
      const { code, link, expiresMs } = identity.askStepUp(c.get('principal'))
      return c.json({ code, link, expires_at: iso(identity.now().wall + expiresMs) }, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/stepup/link/begin',
      tags,
      summary: 'Begin to show a passkey to a terminal',
      request: { body: body(z.strictObject({ code: UserCode })) },
      responses: { 200: answer(Prompt, 'For navigator.credentials.get.') },
    }),
    async c => {
      return c.json(promptShown(await identity.beginPasskeyStepUp(c.req.valid('json'))), 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/stepup/link/finish',
      tags,
      summary: 'Show the passkey to the terminal',
      request: { body: body(Answered.extend({ code: UserCode })) },
      responses: { 200: DONE },
    }),
    async c => {
      const { code, attempt, response } = c.req.valid('json')
      await identity.stepUpWithPasskey(
        { code },
        { attempt, response: response as AuthenticationResponseJSON },
      )
      return c.json(done, 200)
    },
  )
  return routes
}
