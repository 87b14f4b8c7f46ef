import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Grant } from '../../grant/grant.ts'
import { REASON_LIMIT } from '../../grant/request.ts'
import { PENDING, STATES } from '../../grant/states.ts'
import { parseDuration } from '../../kernel/duration.ts'
import { answers, DONE, done, idOf, idParam, json, time, utc } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'
import { grantSchema, type GrantView, grantView } from './grant-view.ts'

/** Generous, so that the operation itself can say what is wrong with a reason; the body limit is the hard bound. */
const reason = z.string().max(REASON_LIMIT * 10)

const wish = z.strictObject({
  target: z.string().min(1).max(200),
  reason,
  incident: z.string().max(60).optional(),
  procedure: z.string().max(100).optional(),
  duration: z
    .string()
    .max(12)
    .refine(text => (parseDuration(text) ?? 0) > 0, 'a duration such as 30m or 1h')
    .optional(),
})

const query = z.object({
  state: z
    .enum([...STATES, 'open'])
    .optional()
    .openapi({ description: '`open`: pending or active.' }),
  mine: z.enum(['true', 'false']).optional(),
  target: z.string().max(200).optional(),
})

const params = idParam('grant', 'g_019…')
const tags = ['grants']

/** Lists are cut here; the newest come first. */
const MOST = 500

export function grantRoutes({ grants, identity }: Pick<AppDeps, 'grants' | 'identity'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()
  const full = async (c: Context<ApiEnv>, grant: Grant): Promise<GrantView> =>
    grantView(grant, c.get('principal').person, identity, await grants.reason(grant))

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/grants',
      tags,
      summary: 'Break the glass: ask for access',
      request: { body: { required: true, content: json(wish) } },
      responses: answers(
        'The request as recorded; it may already be active, or wait for a factor or an answer.',
        grantSchema,
      ),
    }),
    async c => {
      const { target, reason, incident, procedure, duration } = c.req.valid('json')
      const durationMs = duration === undefined ? undefined : parseDuration(duration)
      const grant = await grants.open(c.get('principal'), {
        target,
        reason,
        ...(incident !== undefined && { incident }),
        ...(procedure !== undefined && { procedure }),
        ...(durationMs !== undefined && { durationMs }),
      })
      return c.json(await full(c, grant), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/grants',
      tags,
      summary: 'Own grants, and those one answers, reviews or audits',
      request: { query },
      responses: answers('Newest first.', z.object({ grants: z.array(grantSchema), more: z.boolean() })),
    }),
    c => {
      const { state, mine, target } = c.req.valid('query')
      const who = c.get('principal')
      const found = grants
        .list(who)
        .filter(
          grant =>
            (state === undefined ||
              grant.state === state ||
              (state === 'open' && (grant.state === 'active' || PENDING.includes(grant.state)))) &&
            (mine !== 'true' || grant.person === who.person) &&
            (target === undefined || grant.target === target),
        )
      const views = found.slice(0, MOST).map(grant => grantView(grant, who.person, identity))
      return c.json({ grants: views, more: found.length > MOST }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/grants/{id}',
      tags,
      summary: 'One grant',
      request: { params },
      responses: answers('The grant.', grantSchema),
    }),
    async c =>
      c.json(await full(c, grants.get(c.get('principal'), idOf('grant', c.req.valid('param').id))), 200),
  )

  /** Steps of the requester that answer with the grant as it is afterwards. */
  for (const [act, summary] of [
    ['verify', 'Go on after a step-up'],
    ['open_unanswered', 'Open although nobody could answer (approval.nobody)'],
  ] as const) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/v1/grants/{id}/${act}`,
        tags,
        summary,
        request: { params },
        responses: answers('The grant.', grantSchema),
      }),
      async c => {
        const id = idOf('grant', c.req.valid('param').id)
        const who = c.get('principal')
        return c.json(
          await full(c, await (act === 'verify' ? grants.verify(who, id) : grants.openUnanswered(who, id))),
          200,
        )
      },
    )
  }

  for (const [act, summary] of [
    ['withdraw', 'Take a request back'],
    ['close', 'End an own grant'],
    ['revoke', 'End a grant of somebody else'],
  ] as const) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/v1/grants/{id}/${act}`,
        tags,
        summary,
        request: { params },
        responses: done,
      }),
      async c => {
        await grants[act](c.get('principal'), idOf('grant', c.req.valid('param').id))
        return c.json(DONE, 200)
      },
    )
  }

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/grants/{id}/approve',
      tags,
      summary: 'Say yes, as oneself',
      request: { params },
      responses: answers('Whether that was enough.', z.object({ approved: z.boolean(), missing: z.int() })),
    }),
    async c => c.json(await grants.approve(c.get('principal'), idOf('grant', c.req.valid('param').id)), 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/grants/{id}/deny',
      tags,
      summary: 'Say no',
      request: { params, body: { required: true, content: json(z.strictObject({ reason })) } },
      responses: done,
    }),
    async c => {
      await grants.deny(
        c.get('principal'),
        idOf('grant', c.req.valid('param').id),
        c.req.valid('json').reason,
      )
      return c.json(DONE, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/grants/{id}/extend',
      tags,
      summary: 'More time, as the procedure allows',
      request: { params },
      responses: answers('The new end.', z.object({ ends_at: time })),
    }),
    async c => {
      const { endsAt } = await grants.extend(c.get('principal'), idOf('grant', c.req.valid('param').id))
      return c.json({ ends_at: utc(endsAt) }, 200)
    },
  )

  return app
}
