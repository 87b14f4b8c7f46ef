import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { Fault } from '../../kernel/faults.ts'
import { answers } from '../answers.ts'
import type { AppDeps, LogHead } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'

const log = z.string().regex(/^[a-z0-9-]{1,64}$/)
export const headSchema = z.object({
  log: z.string(),
  size: z.int(),
  root: z.string(),
  trouble: z.string().optional(),
  witnessed: z
    .object({
      size: z.int().describe('Entries of the newest head that satisfies the policy of witnesses.'),
      age_ms: z.int().describe('Since the witnesses were asked for it.'),
      failing: z.array(z.object({ witness: z.string(), why: z.string() })),
    })
    .optional(),
})
/** As the schema wants it: arrays that may be changed. */
export const headOf = ({ witnessed, ...head }: LogHead): z.infer<typeof headSchema> => ({
  ...head,
  ...(witnessed && { witnessed: { ...witnessed, failing: witnessed.failing.map(one => ({ ...one })) } }),
})
/** C2SP tlog-tiles: `tile/<level>/<index>[.p/<width>]`, `tile/entries/…`; the index in groups of three digits. */
const TILE = /^tile\/(?:entries|[0-9]{1,2})\/(?:x[0-9]{3}\/)*[0-9]{3}(?:\.p\/[0-9]{1,3})?$/
const tags = ['ledger']

/** The logs in the standard tile layout, for everybody who is signed in: entries hold pseudonyms, never content. */
export function ledgerRoutes({ ledger }: Pick<AppDeps, 'ledger'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/ledger',
      tags,
      summary: 'The head of each log',
      responses: answers('Heads.', z.object({ logs: z.array(headSchema) })),
    }),
    c => c.json({ logs: ledger.heads().map(headOf) }, 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/ledger/policy',
      tags,
      summary: 'The keys of the logs and the witnesses that are asked, for whoever verifies offline',
      responses: answers('C2SP tlog-policy text.', z.object({ policy: z.string() })),
    }),
    async c => c.json({ policy: await ledger.policy() }, 200),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/ledger/{log}/proof/{index}',
      tags,
      summary: 'A proof that an entry is in the log, verifiable offline',
      request: { params: z.object({ log, index: z.string().regex(/^[0-9]{1,15}$/) }) },
      responses: answers('C2SP tlog-proof text.', z.object({ proof: z.string() })),
    }),
    async c => {
      const { log, index } = c.req.valid('param')
      return c.json({ proof: await ledger.prove(log, Number(index)) }, 200)
    },
  )

  app.get('/ledger/:log/*', async c => {
    const name = c.req.param('log')
    const path = c.req.path.slice(`/ledger/${name}/`.length)
    const known = ledger.heads().some(head => head.log === name) && (path === 'checkpoint' || TILE.test(path))
    const bytes = known ? await ledger.file(name, path) : undefined
    if (!bytes)
      throw new Fault('not_found', 'There is no such file of a log.', {
        next: 'Read its checkpoint first: it says how large the log is.',
      })
    const mutable = path === 'checkpoint' || path.includes('.p/')
    return c.body(new Uint8Array(bytes), 200, {
      'content-type': path === 'checkpoint' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
      'cache-control': mutable ? 'no-cache' : 'private, max-age=31536000, immutable',
    })
  })
  return app
}
