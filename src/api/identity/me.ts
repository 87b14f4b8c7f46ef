import { createRoute, z } from '@hono/zod-openapi'
import { freshProof } from '../../identity/fresh-proof.ts'
import { FACTOR_CHANGE_WITHIN } from '../../identity/admission.ts'
import { newRouter } from '../router.ts'
import { callerOf, type IdentityRoutesOptions } from './context.ts'
import {
  answer,
  Attempt,
  body,
  Code,
  DONE,
  done,
  iso,
  Me,
  Prompt,
  Registration,
  TokenShown,
} from './schemas.ts'
import { promptShown } from './prompt-shown.ts'

const tags = ['me']
const ById = z.object({ id: z.string().min(1).max(80) })
const DAY = 86_400_000

/** What belongs to oneself: who one is, one's factors and tokens. Nothing here takes a person as a parameter (attack 6). */
export function meRoutes({ identity }: IdentityRoutesOptions) {
  const routes = newRouter()

  routes.openapi(
    createRoute({
      method: 'get',
      path: '/v1/me',
      tags,
      summary: 'Who this request comes from',
      responses: { 200: answer(Me, 'As the log knows it now.') },
    }),
    c => {
      const { person, handle, groups, kind, token, expires, proofs } = c.get('principal')
      const factors = identity.find(person)?.factors ?? []
      return c.json(
        {
          person,
          handle,
          name: identity.nameOf(person) ?? handle,
          groups: [...groups],
          kind,
          token,
          expires_at: iso(expires),
          proofs: proofs.map(({ factor, at }) => ({ factor, at: iso(at.wall) })),
          factors: factors.map(({ id, kind, addedAt }) => ({ id, kind, added_at: iso(addedAt) })),
        },
        200,
      )
    },
  )

  routes.openapi(
    createRoute({
      method: 'get',
      path: '/v1/tokens',
      tags,
      summary: 'Where one is signed in',
      responses: { 200: answer(z.object({ tokens: z.array(TokenShown) }), 'Oldest first.') },
    }),
    c => {
      const { person, token: current } = c.get('principal')
      const shown = identity.listTokens(person).map(token => ({
        id: token.digest,
        kind: token.kind,
        created_at: iso(token.at.wall),
        expires_at: iso(token.at.wall + token.forMs),
        current: token.digest === current,
      }))
      return c.json({ tokens: shown }, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/tokens',
      tags,
      summary: 'Make a token for a program',
      description:
        'It may ask in your name and can never show a factor. Takes a second factor of the last five minutes.',
      request: { body: body(z.strictObject({ days: z.int().min(1).max(365) })) },
      responses: {
        200: answer(z.object({ token: z.string(), id: z.string(), expires_at: z.string() }), 'Shown once.'),
      },
    }),
    async c => {
      const forMs = c.req.valid('json').days * DAY
      const issued = await identity.issueApiToken({
        principal: c.get('principal'),
        forMs,
        caller: callerOf(c),
      })
      const { secret: token, digest: id, expiresMs } = issued
      return c.json({ token, id, expires_at: iso(identity.now().wall + expiresMs) }, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'delete',
      path: '/v1/tokens/{id}',
      tags,
      summary: 'End one of one’s own tokens',
      request: { params: ById },
      responses: { 200: DONE },
    }),
    async c => {
      const { person } = c.get('principal')
      await identity.revokeToken({ person, token: c.req.valid('param').id, by: person })
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/factors/passkey/begin',
      tags,
      summary: 'Begin to add a passkey',
      responses: { 200: answer(Prompt, 'For navigator.credentials.create.') },
    }),
    async c => {
      return c.json(promptShown(await identity.beginPasskey({ principal: c.get('principal') })), 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/factors/passkey/finish',
      tags,
      summary: 'Add the passkey',
      request: { body: body(z.strictObject({ attempt: Attempt, response: Registration })) },
      responses: { 200: DONE },
    }),
    async c => {
      const { attempt, response } = c.req.valid('json')
      await identity.registerPasskey({ principal: c.get('principal') }, { attempt, response })
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/factors/totp/begin',
      tags,
      summary: 'Show a secret for an authenticator app',
      responses: { 200: answer(z.object({ secret: z.string(), uri: z.string() }), 'Shown once.') },
    }),
    c => c.json(identity.beginTotp({ principal: c.get('principal') }), 200),
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/factors/totp/finish',
      tags,
      summary: 'Add or replace the authenticator app',
      request: {
        body: body(z.strictObject({ code: Code, password: z.string().min(1).max(1024).optional() })),
      },
      responses: { 200: DONE },
    }),
    async c => {
      const { code, password } = c.req.valid('json')
      const given = password === undefined ? { code } : { code, password }
      await identity.registerTotp({ principal: c.get('principal') }, given)
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'put',
      path: '/v1/factors/password',
      tags,
      summary: 'Set or replace the password',
      request: { body: body(z.strictObject({ password: z.string().min(1).max(1024) })) },
      responses: { 200: DONE },
    }),
    async c => {
      await identity.setPassword(c.get('principal'), c.req.valid('json').password)
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'delete',
      path: '/v1/factors/{id}',
      tags,
      summary: 'Remove a factor and end all one’s tokens',
      request: { params: ById },
      responses: { 200: DONE },
    }),
    async c => {
      const principal = c.get('principal')
      const stale = freshProof(principal, 'totp', FACTOR_CHANGE_WITHIN, identity.now())
      if (stale) throw stale
      const { person } = principal
      await identity.removeFactor({ person, factor: c.req.valid('param').id, by: person })
      return c.json(done, 200)
    },
  )
  return routes
}
