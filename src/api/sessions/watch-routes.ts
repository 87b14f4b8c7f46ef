import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { stream } from 'hono/streaming'
import { isFault } from '../../kernel/faults.ts'
import { openCast } from '../../recording/asciicast.ts'
import { listTerminals } from '../../recording/list-terminals.ts'
import type { Reader } from '../../recording/recordings.ts'
import { answers, idOf, idParam, time, utc } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { follow } from '../follow.ts'
import type { LiveMessage } from '../live.ts'
import { newRouter } from '../router.ts'
import { entrySchema, entryView } from './entry-view.ts'
import { readerOf } from './reader-of.ts'
import { sessionSchema, sessionView } from './session-view.ts'

const tags = ['sessions']

const terminalSchema = z
  .object({
    terminal: z.int().describe('From 1.'),
    began_at: time,
    lasted_ms: z.int().optional().describe('Absent while it runs, or when it was cut off.'),
    cols: z.int(),
    rows: z.int(),
    command: z.string().optional().describe('Absent for a login shell.'),
  })
  .openapi('Terminal')

/** A session as it happens, and a terminal of it as a file. */
export function watchRoutes(
  deps: Pick<AppDeps, 'recordings' | 'identity' | 'journal' | 'roles' | 'onInternal'>,
): OpenAPIHono<ApiEnv> {
  const { recordings, identity } = deps
  const app = newRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sessions/{id}/live',
      tags,
      summary:
        'Watch: what was done so far, then what is done, until the session ends; that it is watched is recorded',
      request: { params: idParam('session', 's_019…') },
      responses: {
        ...answers('', sessionSchema),
        200: {
          description:
            'Server-sent events: `session` first, then an `entry` for each that is durable, `closed` at the end; `problem` when the view ends for another reason.',
          content: { 'text/event-stream': { schema: entrySchema } },
        },
      },
    }),
    async c => {
      let who = c.get('principal')
      // Of the person as they are now: groups and duties may change while they watch.
      const reader: Reader = {
        person: who.person,
        mayRead: session => readerOf(deps, who).mayRead(session),
      }
      const ended = new AbortController()
      const { session, entries } = await recordings.watch(
        reader,
        idOf('session', c.req.valid('param').id),
        ended.signal,
      )
      async function* messages(signal: AbortSignal): AsyncGenerator<LiveMessage> {
        signal.addEventListener('abort', () => ended.abort(), { once: true })
        yield { event: 'session', data: sessionView(session, identity) }
        for await (const entry of entries) {
          yield { event: 'entry', data: entryView(entry) as never }
          if (entry.type === 'session.closed')
            yield { event: 'closed', data: { reason: entry.data.reason ?? null } }
        }
      }
      return follow(c, {
        messages,
        onInternal: cause => deps.onInternal(cause, 'GET /v1/sessions/{id}/live'),
        stillAllowed: () => {
          try {
            who = identity.recheck(who)
            return true
          } catch (error) {
            if (isFault(error)) return false
            throw error
          }
        },
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sessions/{id}/terminals',
      tags,
      summary:
        'The terminals of a session, in the order in which they were opened; that it was read is itself recorded',
      request: { params: idParam('session', 's_019…') },
      responses: answers('Numbered as `cast` takes them.', z.object({ terminals: z.array(terminalSchema) })),
    }),
    async c => {
      const id = idOf('session', c.req.valid('param').id)
      const { entries } = await recordings.replay(readerOf(deps, c.get('principal')), id)
      const terminals = (await listTerminals(entries)).map(({ began, lastedMs, ...one }) => ({
        ...one,
        began_at: utc(began),
        ...(lastedMs !== undefined && { lasted_ms: lastedMs }),
      }))
      return c.json({ terminals }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sessions/{id}/cast',
      tags,
      summary: 'One terminal of a session as asciicast v3; that it was read is itself recorded',
      request: {
        params: idParam('session', 's_019…'),
        query: z.object({
          terminal: z.coerce
            .number()
            .int()
            .min(1)
            .max(1_000_000)
            .default(1)
            .describe('From 1, in the order in which they were opened.'),
        }),
      },
      responses: {
        ...answers('', sessionSchema),
        200: {
          description: 'A header and one event per line; what is missing is said by markers.',
          content: { 'application/x-asciicast': { schema: z.string() } },
        },
      },
    }),
    async c => {
      const id = idOf('session', c.req.valid('param').id)
      const { terminal } = c.req.valid('query')
      const { entries } = await recordings.replay(readerOf(deps, c.get('principal')), id)
      const lines = await openCast(entries, terminal)
      c.header('content-type', 'application/x-asciicast')
      c.header('content-disposition', `attachment; filename="${id}-${terminal}.cast"`)
      return stream(c, async out => {
        for await (const line of lines) {
          if (out.aborted) return
          await out.write(`${line}\n`)
        }
      })
    },
  )
  return app
}
