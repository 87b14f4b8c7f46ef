import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { stream } from 'hono/streaming'
import { answers, idOf, idParam } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'
import { entrySchema, entryView } from './entry-view.ts'
import { personOf } from './person-of.ts'
import { readerOf } from './reader-of.ts'
import { sessionSchema, sessionView } from './session-view.ts'

const tags = ['sessions']
const MOST = 500
const MATCHES = 200

export function sessionRoutes(
  deps: Pick<AppDeps, 'recordings' | 'identity' | 'journal' | 'roles'>,
): OpenAPIHono<ApiEnv> {
  const { recordings, identity } = deps
  const app = newRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sessions',
      tags,
      summary: 'Sessions one may read',
      request: {
        query: z.object({ grant: z.string().max(60).optional(), open: z.enum(['true', 'false']).optional() }),
      },
      responses: answers('Newest first.', z.object({ sessions: z.array(sessionSchema), more: z.boolean() })),
    }),
    c => {
      const { grant, open } = c.req.valid('query')
      const found = recordings.list(readerOf(deps, c.get('principal')), {
        ...(grant !== undefined && { grant: idOf('grant', grant) }),
        ...(open !== undefined && { open: open === 'true' }),
      })
      return c.json(
        { sessions: found.slice(0, MOST).map(one => sessionView(one, identity)), more: found.length > MOST },
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sessions/{id}/actions',
      tags,
      summary: 'Replay; that it was read is itself recorded',
      request: { params: idParam('session', 's_019…') },
      responses: {
        ...answers('', sessionSchema),
        200: {
          description:
            'One JSON text per line: the session first, then its entries in order, as long as it is.',
          content: { 'application/x-ndjson': { schema: entrySchema } },
        },
      },
    }),
    async c => {
      const { session, entries } = await recordings.replay(
        readerOf(deps, c.get('principal')),
        idOf('session', c.req.valid('param').id),
      )
      c.header('content-type', 'application/x-ndjson')
      return stream(c, async out => {
        await out.write(`${JSON.stringify(sessionView(session, identity))}\n`)
        for await (const entry of entries) {
          if (out.aborted) return
          await out.write(`${JSON.stringify(entryView(entry))}\n`)
        }
      }) as never
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/search',
      tags,
      summary: 'Search in what was done; that it was searched is recorded',
      request: {
        query: z.object({
          q: z.string().max(500),
          target: z.string().max(200).optional(),
          person: z.string().max(100).optional(),
        }),
      },
      responses: answers(
        'Matches.',
        z.object({
          matches: z.array(z.object({ session: z.string(), entry: entrySchema })),
          more: z.boolean(),
        }),
      ),
    }),
    async c => {
      const { q, target, person: handle } = c.req.valid('query')
      const person = personOf(identity, handle)
      const { matches, more } = await recordings.search(readerOf(deps, c.get('principal')), {
        text: q,
        limit: MATCHES,
        ...(target !== undefined && { target }),
        ...(person !== undefined && { person }),
      })
      return c.json(
        { matches: matches.map(({ session, entry }) => ({ session, entry: entryView(entry) })), more },
        200,
      )
    },
  )
  return app
}
