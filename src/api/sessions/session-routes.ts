import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { stream } from 'hono/streaming'
import { includes } from '../../grant/people.ts'
import { grants as grantSlice } from '../../grant/slice.ts'
import type { VerifiedPrincipal } from '../../identity/verified-principal.ts'
import { Fault } from '../../kernel/faults.ts'
import type { PersonId } from '../../kernel/ids.ts'
import type { RecordedEntry } from '../../recording/read-actions.ts'
import type { Reader } from '../../recording/recordings.ts'
import type { SessionRecord } from '../../recording/session-index.ts'
import { answers, idOf, idParam, time, utc } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'

const sessionSchema = z
  .object({
    id: z.string(),
    grant: z.string(),
    person: z.string().describe('Handle.'),
    target: z.string(),
    protocol: z.string(),
    scope: z.string(),
    opened_at: time,
    closed_at: time.optional(),
    reason: z.string().optional(),
    actions: z.int(),
    refused: z.int(),
    rows: z.int(),
    bytes: z.int(),
  })
  .openapi('Session')

const entrySchema = z
  .object({
    index: z.int().describe('Position in the session log.'),
    at: time,
    type: z.string(),
    outcome: z.string().optional(),
    data: z.record(z.string(), z.unknown()),
    content: z.unknown().optional().describe('What was sealed.'),
    erased: z.literal(true).optional(),
  })
  .openapi('RecordedEntry')

const tags = ['sessions']
const MOST = 500
const MATCHES = 200

export function sessionRoutes({
  recordings,
  identity,
  journal,
  roles,
}: Pick<AppDeps, 'recordings' | 'identity' | 'journal' | 'roles'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()

  /** Auditors read every session; reviewers those of the grants they review. */
  const readerOf = (who: VerifiedPrincipal): Reader => ({
    person: who.person,
    mayRead: session => {
      if (includes(roles.audit, who)) return true
      const grant = journal.state.get(grantSlice, session.grant)
      return grant !== undefined && grant.person !== who.person && includes(grant.terms.review.from, who)
    },
  })

  const view = (session: SessionRecord): z.infer<typeof sessionSchema> => ({
    id: session.id,
    grant: session.grant,
    person: identity.handleOf(session.person as PersonId) ?? session.person,
    target: session.target,
    protocol: session.protocol,
    scope: session.scope,
    opened_at: utc(session.openedAt),
    ...(session.closedAt !== undefined && { closed_at: utc(session.closedAt) }),
    ...(session.reason !== undefined && { reason: session.reason }),
    actions: session.actions,
    refused: session.refused,
    rows: session.rows,
    bytes: session.bytes,
  })

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
      const found = recordings.list(readerOf(c.get('principal')), {
        ...(grant !== undefined && { grant: idOf('grant', grant) }),
        ...(open !== undefined && { open: open === 'true' }),
      })
      return c.json({ sessions: found.slice(0, MOST).map(view), more: found.length > MOST }, 200)
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
        readerOf(c.get('principal')),
        idOf('session', c.req.valid('param').id),
      )
      c.header('content-type', 'application/x-ndjson')
      return stream(c, async out => {
        await out.write(`${JSON.stringify(view(session))}\n`)
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
      const person = handle === undefined ? undefined : identity.personOf(handle)
      if (handle !== undefined && person === undefined)
        throw new Fault('not_found', `There is nobody called ${JSON.stringify(handle)}.`, {
          next: 'Give a handle.',
        })
      const { matches, more } = await recordings.search(readerOf(c.get('principal')), {
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

function entryView({
  index,
  t,
  type,
  outcome,
  data,
  payload,
  erased,
}: RecordedEntry): z.infer<typeof entrySchema> {
  return {
    index,
    at: utc(t),
    type,
    ...(outcome !== undefined && { outcome }),
    data: { ...data },
    ...(payload !== undefined && { content: payload }),
    ...(erased && { erased }),
  }
}
