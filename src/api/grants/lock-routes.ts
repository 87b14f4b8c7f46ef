import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { LockOn } from '../../grant/locks.ts'
import { Fault } from '../../kernel/faults.ts'
import { answers, DONE, done, idOf, idParam, json, time, utc } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'

const wish = z.strictObject({
  kind: z.enum(['target', 'procedure', 'person', 'everything']),
  name: z.string().min(1).max(200).optional().describe('Name of the target or procedure, or a handle.'),
  reason: z.string().max(20_000),
})

const lockSchema = z
  .object({ id: z.string(), kind: z.string(), name: z.string().optional(), by: z.string(), at: time })
  .openapi('Lock')
const tags = ['locks']

export function lockRoutes({ grants, identity }: Pick<AppDeps, 'grants' | 'identity'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()

  const lockOn = ({ kind, name }: z.infer<typeof wish>): LockOn => {
    if (kind === 'everything') return { kind }
    if (name === undefined) throw new Fault('input.invalid', `Which ${kind}?`, { next: 'Give its name.' })
    if (kind !== 'person') return { kind, name }
    const person = identity.personOf(name)
    if (person === undefined)
      throw new Fault('not_found', `There is nobody called ${JSON.stringify(name)}.`, {
        next: 'Give a handle.',
      })
    return { kind, person }
  }

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/locks',
      tags,
      summary: 'Close at once: live sessions end, requests are refused',
      request: { body: { required: true, content: json(wish) } },
      responses: answers(
        'The lock and the grants it ended.',
        z.object({ lock: z.string(), ended: z.array(z.string()) }),
      ),
    }),
    async c => {
      const input = c.req.valid('json')
      const { lock, ended } = await grants.lock(c.get('principal'), lockOn(input), input.reason)
      return c.json({ lock, ended: [...ended] }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/locks',
      tags,
      summary: 'Locks that stand',
      responses: answers('All.', z.object({ locks: z.array(lockSchema) })),
    }),
    c => {
      const handle = (person: Parameters<typeof identity.handleOf>[0]): string =>
        identity.handleOf(person) ?? person
      const locks = grants.locks().map(({ id, on, by, at }) => ({
        id,
        kind: on.kind,
        ...(on.kind === 'person' && { name: handle(on.person) }),
        ...((on.kind === 'target' || on.kind === 'procedure') && { name: on.name }),
        by: handle(by),
        at: utc(at),
      }))
      return c.json({ locks }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/v1/locks/{id}',
      tags,
      summary: 'Lift a lock',
      request: { params: idParam('lock', 'l_019…') },
      responses: done,
    }),
    async c => {
      await grants.unlock(c.get('principal'), idOf('lock', c.req.valid('param').id))
      return c.json(DONE, 200)
    },
  )
  return app
}
