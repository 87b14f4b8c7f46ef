import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { bodyLimit } from 'hono/body-limit'
import { Fault } from '../../kernel/faults.ts'
import type { Incidents } from '../../incident/incidents.ts'
import { MESSAGE_LIMIT } from '../../incident/receive.ts'
import type { AnonymousRoute } from '../anonymous.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'
import { declaration, incident, outcomes } from './schema.ts'

/** The message's own signature or token is the proof; no session is asked for. */
export const ANONYMOUS_INCIDENT_ROUTES: readonly AnonymousRoute[] = [
  { method: 'POST', path: '/v1/incidents/sources/{name}' },
]

/** A program may read and declare in the name of its person (requirement 10). */
export const PROGRAM_INCIDENT_ROUTES: readonly AnonymousRoute[] = [
  { method: 'GET', path: '/v1/incidents' },
  { method: 'GET', path: '/v1/incidents/{id}' },
  { method: 'POST', path: '/v1/incidents' },
]

const json = <S extends z.ZodType>(schema: S, description: string) => ({
  content: { 'application/json': { schema } },
  description,
})

const receiveRoute = createRoute({
  method: 'post',
  path: '/v1/incidents/sources/{name}',
  summary: 'A message of an incident source',
  description: 'Answered after what it changes is durable. The raw body is what the source signed.',
  request: { params: z.object({ name: z.string().min(1).max(64) }) },
  security: [],
  responses: { 200: json(outcomes, 'What it changed; `unchanged` when it was heard before.') },
})

const listRoute = createRoute({
  method: 'get',
  path: '/v1/incidents',
  summary: 'Incidents, newest first',
  request: { query: z.object({ open: z.enum(['true', 'false']).optional() }) },
  responses: { 200: json(z.object({ incidents: z.array(incident) }), 'At most 200.') },
})

const getRoute = createRoute({
  method: 'get',
  path: '/v1/incidents/{id}',
  summary: 'One incident',
  request: { params: z.object({ id: z.string().max(64) }) },
  responses: { 200: json(incident, 'The record that procedures judge, with title and link.') },
})

const declareRoute = createRoute({
  method: 'post',
  path: '/v1/incidents',
  summary: 'Declare an incident',
  description: 'Never approves its author.',
  request: { body: { ...json(declaration, 'What is wrong.'), required: true } },
  responses: { 201: json(incident, 'Declared and in the log.') },
})

const resolveRoute = createRoute({
  method: 'post',
  path: '/v1/incidents/{id}/resolve',
  summary: 'An incident declared here is over',
  request: { params: z.object({ id: z.string().max(64) }) },
  responses: { 200: json(incident, 'Resolved; grants that lean on it shrink.') },
})

export function incidentRoutes(incidents: Incidents): OpenAPIHono<ApiEnv> {
  const router = newRouter()
  router.use(
    '/v1/incidents/sources/*',
    bodyLimit({
      maxSize: MESSAGE_LIMIT,
      onError: () => {
        throw new Fault('input.too_large', `A message may have ${MESSAGE_LIMIT} bytes.`, {
          next: 'Send less at once.',
        })
      },
    }),
  )
  router.openapi(receiveRoute, async c => {
    const body = Buffer.from(await c.req.arrayBuffer())
    const effects = await incidents.receive(c.req.valid('param').name, c.req.header(), body)
    return c.json({ incidents: effects.map(effect => ({ ...effect })) }, 200)
  })
  router.openapi(listRoute, async c => {
    const found = await incidents.list({ open: c.req.valid('query').open === 'true' })
    return c.json({ incidents: found.map(shown) }, 200)
  })
  router.openapi(getRoute, async c => c.json(shown(await incidents.get(c.req.valid('param').id)), 200))
  router.openapi(declareRoute, async c => {
    const id = await incidents.declare(c.get('principal'), withoutUndefined(c.req.valid('json')))
    return c.json(shown(await incidents.get(id)), 201)
  })
  router.openapi(resolveRoute, async c => {
    const { id } = c.req.valid('param')
    await incidents.resolve(c.get('principal'), id)
    return c.json(shown(await incidents.get(id)), 200)
  })
  return router
}

type Readable = Awaited<ReturnType<Incidents['get']>>

/** Mutable copies: what the answer's schema is typed as. */
function shown(incident: Readable) {
  return {
    ...incident,
    services: [...incident.services],
    environments: [...incident.environments],
    responders: incident.responders.map(responder => ({ ...responder })),
  }
}

function withoutUndefined({ environments, drill, ...rest }: z.output<typeof declaration>) {
  return {
    ...rest,
    ...(environments !== undefined && { environments }),
    ...(drill !== undefined && { drill }),
  }
}
