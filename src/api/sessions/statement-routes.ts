import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { stream } from 'hono/streaming'
import { matchesFilter, type StatementFilter } from '../../recording/statement-filter.ts'
import { type RecordedStatement, statementsOf } from '../../recording/statements.ts'
import { answers, idOf, idParam, time, utc } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'
import { personOf } from './person-of.ts'
import { readerOf } from './reader-of.ts'
import { sessionView } from './session-view.ts'

const statementSchema = z
  .object({
    index: z.int().describe('Position of its action in the session log.'),
    n: z.int().describe('Number of the action in its session.'),
    part: z.int().optional().describe('From 1, of a message of several statements.'),
    of: z.int().optional(),
    at: time,
    kind: z.string(),
    verbs: z.array(z.string()),
    writes: z.boolean(),
    objects: z.array(
      z.object({ name: z.string(), access: z.enum(['read', 'change', 'define', 'call', 'touch']) }),
    ),
    verdict: z.enum(['done', 'failed', 'refused', 'not run', 'unanswered']),
    rows: z.int().optional().describe('Returned or changed.'),
    changed: z.int().optional().describe('Of the rows, those changed, as the target counted them.'),
    ms: z.number().optional(),
    error: z.object({ code: z.string(), message: z.string().optional() }).optional(),
    rules: z.array(z.string()).optional(),
    refused: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .describe('Rule, what, and where in the text.'),
    text: z.string().optional(),
    detail: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Facts of the protocol, such as size and SHA-256 of a file.'),
    result: z.string().optional().describe('The recorded part of the answer.'),
    erased: z.literal(true).optional(),
  })
  .openapi('Statement')

const flag = z.enum(['true', 'false']).optional()
const filterSchema = {
  q: z.string().max(500).optional(),
  object: z.string().max(200).optional(),
  verb: z.string().max(60).optional(),
  writes: flag,
  refused: flag,
}

const tags = ['sessions']
const MATCHES = 500

/** What was done, statement by statement: asked and answered, joined. */
export function statementRoutes(
  deps: Pick<AppDeps, 'recordings' | 'identity' | 'journal' | 'roles'>,
): OpenAPIHono<ApiEnv> {
  const { recordings, identity } = deps
  const app = newRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sessions/{id}/statements',
      tags,
      summary: 'What was done in a session, statement by statement; that it was read is itself recorded',
      request: { params: idParam('session', 's_019…'), query: z.object(filterSchema) },
      responses: {
        ...answers('', statementSchema),
        200: {
          description: 'One JSON text per line: the session first, then its statements in order.',
          content: { 'application/x-ndjson': { schema: statementSchema } },
        },
      },
    }),
    async c => {
      const filter = filterOf(c.req.valid('query'))
      const reader = readerOf(deps, c.get('principal'))
      const { session, entries } = await recordings.replay(reader, idOf('session', c.req.valid('param').id))
      c.header('content-type', 'application/x-ndjson')
      return stream(c, async out => {
        await out.write(`${JSON.stringify(sessionView(session, identity))}\n`)
        for await (const statement of statementsOf(entries)) {
          if (out.aborted) return
          if (matchesFilter(statement, filter)) await out.write(`${JSON.stringify(view(statement))}\n`)
        }
      }) as never
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/statements',
      tags,
      summary: 'Search among statements; that it was searched is recorded',
      request: {
        query: z.object({
          ...filterSchema,
          target: z.string().max(200).optional(),
          person: z.string().max(100).optional(),
        }),
      },
      responses: answers(
        'Matches, newest session first.',
        z.object({
          matches: z.array(z.object({ session: z.string(), statement: statementSchema })),
          more: z.boolean(),
        }),
      ),
    }),
    async c => {
      const { target, person: handle, ...wanted } = c.req.valid('query')
      const person = personOf(identity, handle)
      const { matches, more } = await recordings.statements(
        readerOf(deps, c.get('principal')),
        filterOf(wanted),
        {
          limit: MATCHES,
          ...(target !== undefined && { target }),
          ...(person !== undefined && { person }),
        },
      )
      return c.json(
        { matches: matches.map(({ session, statement }) => ({ session, statement: view(statement) })), more },
        200,
      )
    },
  )
  return app
}

function filterOf({
  q,
  object,
  verb,
  writes,
  refused,
}: z.infer<z.ZodObject<typeof filterSchema>>): StatementFilter {
  return {
    ...(q !== undefined && { text: q }),
    ...(object !== undefined && { object }),
    ...(verb !== undefined && { verb }),
    writes: writes === 'true',
    refused: refused === 'true',
  }
}

function view({
  t,
  verbs,
  objects,
  rules,
  refused,
  ...rest
}: RecordedStatement): z.infer<typeof statementSchema> {
  return {
    ...rest,
    at: utc(t),
    verbs: [...verbs],
    objects: [...objects],
    ...(rules && { rules: [...rules] }),
    ...(refused && { refused: refused.map(one => ({ ...one })) }),
  }
}
