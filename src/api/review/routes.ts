import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { PersonId } from '../../kernel/ids.ts'
import type { ReadableReview, Reviews } from '../../review/reviews.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'
import { answers, review } from './schema.ts'

export interface ReviewRoutesPorts {
  readonly reviews: Reviews
  /** A handle that is gone shows as the pseudonym. */
  readonly handleOf: (person: PersonId) => string | undefined
}

const json = <S extends z.ZodType>(schema: S, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})
const byId = { params: z.object({ id: z.string().max(64) }) }

const listRoute = createRoute({
  method: 'get',
  path: '/v1/reviews',
  summary: 'Reviews that you may read, latest end first',
  request: { query: z.object({ state: z.enum(['open', 'completed']).optional() }) },
  responses: { 200: json(z.object({ reviews: z.array(review) }), 'At most 500.') },
})

const getRoute = createRoute({
  method: 'get',
  path: '/v1/reviews/{id}',
  summary: 'One review',
  request: byId,
  responses: { 200: json(review, 'With its text once it is completed.') },
})

const completeRoute = createRoute({
  method: 'post',
  path: '/v1/reviews/{id}/complete',
  summary: 'Answer a review and close its grant',
  description: 'By a reviewer whom the procedure names, never by the requester.',
  request: { ...byId, body: { ...json(answers, 'The answers.'), required: true } },
  responses: { 200: json(review, 'Signed into the log.') },
})

export function reviewRoutes({ reviews, handleOf }: ReviewRoutesPorts): OpenAPIHono<ApiEnv> {
  const router = newRouter()
  router.openapi(listRoute, c => {
    const { state } = c.req.valid('query')
    const found = reviews.list(c.get('principal')).map(listed => shown(listed, handleOf))
    return c.json({ reviews: found.filter(({ state: is }) => asked(state, is)) }, 200)
  })
  router.openapi(getRoute, async c => {
    const found = await reviews.get(c.get('principal'), c.req.valid('param').id)
    return c.json(shown(found, handleOf), 200)
  })
  router.openapi(completeRoute, async c => {
    const { id } = c.req.valid('param')
    await reviews.complete(c.get('principal'), id, c.req.valid('json'))
    return c.json(shown(await reviews.get(c.get('principal'), id), handleOf), 200)
  })
  return router
}

/** `open` asks for what is still to be answered. */
function asked(wanted: 'open' | 'completed' | undefined, is: string): boolean {
  return wanted === undefined || (wanted === 'completed') === (is === 'completed')
}

function shown(found: ReadableReview, handleOf: ReviewRoutesPorts['handleOf']): z.output<typeof review> {
  const { completed } = found
  return {
    id: found.id,
    grant: found.grant,
    requester: handleOf(found.requester) ?? found.requester,
    target: found.target,
    procedure: found.procedure,
    ...(found.incident !== undefined && { incident: found.incident }),
    state: found.state === 'none' ? 'owed' : found.state,
    ...(found.endedAt !== undefined && { ended_at: found.endedAt }),
    ...(found.dueAt !== undefined && { due_at: found.dueAt }),
    overdue: found.overdue,
    yours: found.yours,
    ...(completed && {
      completed: {
        verdict: completed.verdict,
        necessary: completed.necessary,
        by: handleOf(completed.by) ?? completed.by,
        at: completed.at,
        ...(found.text !== undefined && { text: found.text }),
      },
    }),
  }
}
