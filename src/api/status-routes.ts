import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { includes } from '../grant/people.ts'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import type { JournalEvent } from '../journal/slice.ts'
import { isFault } from '../kernel/faults.ts'
import { answers, time, utc } from './answers.ts'
import type { AppDeps } from './deps.ts'
import type { ApiEnv } from './env.ts'
import { headOf, headSchema } from './ledger/ledger-routes.ts'
import { live, type LiveMessage } from './live.ts'
import { newRouter } from './router.ts'

const healthSchema = z.object({ ok: z.boolean(), facts: z.record(z.string(), z.unknown()) })
const statusSchema = z
  .object({
    organisation: z.string(),
    version: z.string(),
    now: time,
    person: z.string(),
    groups: z.array(z.string()),
    health: healthSchema,
    policy: z.object({ digest: z.string(), alert: z.string().optional() }),
    ledger: z.array(headSchema),
    mine: z.int().describe('Own grants that are pending or active.'),
    waiting: z.int().describe('Requests that wait for an answer this person can give.'),
    locks: z.int(),
  })
  .openapi('Status')

/** Kinds of events that change what a page shows; `grant` ones only to who may see the grant. */
const TOLD = /^(grant|review|incident|lock|procedures|session)\./

export function statusRoutes(deps: AppDeps): OpenAPIHono<ApiEnv> {
  const { grants, identity, journal, ledger, policy } = deps
  const app = newRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/health',
      tags: ['status'],
      security: [],
      summary: 'Whether evidence can be written; anonymous',
      responses: {
        200: { description: 'Well.', content: { 'application/json': { schema: healthSchema } } },
        503: { description: 'Not well.', content: { 'application/json': { schema: healthSchema } } },
      },
    }),
    c => {
      const { ok } = deps.health()
      // Strangers learn whether, not what.
      return c.json({ ok, facts: {} }, ok ? 200 : 503)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/status',
      tags: ['status'],
      summary: 'What there is to know at a glance',
      responses: answers('Now.', statusSchema),
    }),
    c => {
      const who = c.get('principal')
      const seen = grants.list(who)
      const { digest, alert } = policy.status()
      const { ok, facts } = deps.health()
      return c.json(
        {
          organisation: deps.organisation,
          version: deps.version,
          now: utc(journal.now().wall),
          person: who.handle,
          groups: [...who.groups],
          health: { ok, facts: { ...facts } },
          policy: { digest, ...(alert !== undefined && { alert }) },
          ledger: ledger.heads().map(headOf),
          mine: seen.filter(
            ({ person, state }) =>
              person === who.person && ['requested', 'verified', 'approved', 'active'].includes(state),
          ).length,
          waiting: seen.filter(
            ({ person, state, approval }) =>
              state === 'verified' && person !== who.person && includes(approval.ask.from, who),
          ).length,
          locks: grants.locks().length,
        },
        200,
      )
    },
  )

  app.get('/v1/live', c => {
    let who = c.get('principal')
    return live(c, {
      start: send =>
        journal.subscribe(event => {
          const message = messageOf(event, who)
          if (message) send(message)
        }),
      stillAllowed: () => {
        const now = orRefused(() => identity.recheck(who))
        if (now) who = now
        return now !== undefined
      },
    })
  })

  function messageOf(event: JournalEvent, who: VerifiedPrincipal): LiveMessage | undefined {
    if (!TOLD.test(event.type)) return undefined
    const { grant: id } = event.data
    const at = utc(event.t)
    if (typeof id !== 'string') return { event: 'changed', data: { type: event.type, at } }
    const grant = orRefused(() => grants.get(who, id))
    return grant && { event: 'changed', data: { type: event.type, grant: id, state: grant.state, at } }
  }
  return app
}

/** What `look` answers; undefined when it was refused. */
function orRefused<R>(look: () => R): R | undefined {
  try {
    return look()
  } catch (error) {
    if (isFault(error)) return undefined
    throw error
  }
}
