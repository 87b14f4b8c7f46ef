import { createRoute, z } from '@hono/zod-openapi'
import { newRouter } from '../router.ts'
import type { IdentityRoutesOptions } from './context.ts'
import { answer, Attempt, body, Code, DONE, done, EnrolmentSecret, Prompt, Registration } from './schemas.ts'
import { promptShown } from './prompt-shown.ts'

const tags = ['enrolment']
const Link = z.strictObject({ enrolment: EnrolmentSecret })

/** Registering a first factor by one-time link. The link is the only proof; it is used up by the first factor. */
export function enrolRoutes({ identity }: IdentityRoutesOptions) {
  const routes = newRouter()

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/enrol/begin',
      tags,
      summary: 'Whom a link is for',
      request: { body: body(Link) },
      responses: {
        200: answer(
          z.object({ handle: z.string(), name: z.string(), organisation: z.string() }),
          'The link is good; nothing has changed.',
        ),
      },
    }),
    c => c.json(identity.beginEnrolment(c.req.valid('json').enrolment), 200),
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/enrol/passkey/begin',
      tags,
      summary: 'Begin to register a passkey',
      request: { body: body(Link) },
      responses: { 200: answer(Prompt, 'For navigator.credentials.create.') },
    }),
    async c => {
      return c.json(promptShown(await identity.beginPasskey(c.req.valid('json'))), 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/enrol/passkey/finish',
      tags,
      summary: 'Register the passkey',
      request: { body: body(Link.extend({ attempt: Attempt, response: Registration })) },
      responses: { 200: DONE },
    }),
    async c => {
      const { enrolment, attempt, response } = c.req.valid('json')
      await identity.registerPasskey({ enrolment }, { attempt, response })
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/enrol/totp/begin',
      tags,
      summary: 'Show a secret for an authenticator app',
      request: { body: body(Link) },
      responses: { 200: answer(z.object({ secret: z.string(), uri: z.string() }), 'Shown once.') },
    }),
    c => c.json(identity.beginTotp(c.req.valid('json')), 200),
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/enrol/totp/finish',
      tags,
      summary: 'Register a password and the authenticator app',
      request: { body: body(Link.extend({ password: z.string().min(1).max(1024), code: Code })) },
      responses: { 200: DONE },
    }),
    async c => {
      const { enrolment, password, code } = c.req.valid('json')
      await identity.registerTotp({ enrolment }, { password, code })
      return c.json(done, 200)
    },
  )
  return routes
}
