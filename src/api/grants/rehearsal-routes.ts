import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { LiveSession } from '../../gateway/live-sessions.ts'
import type { VerifiedPrincipal } from '../../identity/verified-principal.ts'
import { Fault } from '../../kernel/faults.ts'
import { answers, DONE, done, idOf, idParam, json, time, utc } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'

const rehearsal = z
  .object({
    session: z.string(),
    held_at: time,
    undone_at: time.describe('When it is rolled back unless somebody decides.'),
    writes: z.array(
      z.object({
        what: z.string().openapi({ example: 'UPDATE public.orders' }),
        rows: z.int().optional().describe('Absent when the target does not count them.'),
        shown: z.string().describe('What the person was shown.'),
      }),
    ),
  })
  .openapi('Rehearsal')

const params = idParam('grant', 'g_019…')
const tags = ['grants']

/** Writes that wait for a decision, for the person who wrote them: nobody else reads values or decides here. */
export function rehearsalRoutes({ grants, live }: Pick<AppDeps, 'grants' | 'live'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()

  const own = (who: VerifiedPrincipal, id: string): readonly LiveSession[] => {
    const grant = grants.get(who, idOf('grant', id))
    if (grant.person !== who.person)
      throw new Fault('forbidden', 'Only the requester sees and decides the writes held under a grant.', {
        next: 'What was held stands in the recording of the session.',
      })
    return live.of(grant.id)
  }

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/grants/{id}/rehearsals',
      tags,
      summary: 'Writes held under your own grant until you decide',
      request: { params },
      responses: answers('One per session that holds some.', z.object({ rehearsals: z.array(rehearsal) })),
    }),
    c => {
      const sessions = own(c.get('principal'), c.req.valid('param').id)
      return c.json({ rehearsals: sessions.flatMap(view) }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/grants/{id}/rehearsals',
      tags,
      summary: 'Keep or undo what one of your sessions holds',
      request: {
        params,
        body: {
          required: true,
          content: json(z.strictObject({ session: z.string().max(60), decision: z.enum(['keep', 'undo']) })),
        },
      },
      responses: done,
    }),
    async c => {
      const { session: id, decision } = c.req.valid('json')
      const session = own(c.get('principal'), c.req.valid('param').id).find(each => each.id === id)
      const held = session?.held
      if (!held)
        throw new Fault('not_found', 'This session holds no writes.', {
          next: 'They were decided, or the session has ended.',
        })
      if (decision === 'keep') await held.keep()
      else if (!held.undo('undone through the API'))
        throw new Fault('conflict', 'A statement of this session is running; it is being cancelled.', {
          next: 'Try again in a moment.',
        })
      return c.json(DONE, 200)
    },
  )
  return app
}

function view({ id, held }: LiveSession): readonly z.infer<typeof rehearsal>[] {
  if (!held) return []
  const { since, withinMs, writes } = held
  return [
    {
      session: id,
      held_at: utc(since.wall),
      undone_at: utc(since.wall + withinMs),
      writes: writes.map(({ what, rows, shown }) => ({ what, ...(rows !== undefined && { rows }), shown })),
    },
  ]
}
