import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { Fault } from '../../kernel/faults.ts'
import type { Target } from '../../kernel/target.ts'
import { answers } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { demandRole } from '../role.ts'
import { newRouter } from '../router.ts'

const targetSchema = z
  .object({
    name: z.string(),
    protocol: z.string(),
    environment: z.string(),
    services: z.array(z.string()),
    scopes: z.array(z.string()),
    procedures: z.array(
      z.object({
        procedure: z.string(),
        purpose: z.string(),
        scope: z.string(),
        factor: z.string(),
        default_ms: z.int(),
        most_ms: z.int(),
      }),
    ),
  })
  .openapi('Target')

const lineSchema = z.object({
  ok: z.boolean(),
  level: z.enum(['must', 'should', 'info']),
  what: z.string(),
  next: z.string().optional(),
})

const params = z.object({
  name: z
    .string()
    .max(200)
    .openapi({ param: { name: 'name', in: 'path' }, example: 'orders-db' }),
})
const tags = ['targets']

export function targetRoutes({
  targets,
  policy,
  roles,
}: Pick<AppDeps, 'targets' | 'policy' | 'roles'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()
  const find = (name: string): Target => {
    const target = targets.find(name)
    if (!target)
      throw new Fault('target.unknown', `There is no target ${JSON.stringify(name.slice(0, 80))}.`, {
        next: 'List them with `breakglass status`.',
      })
    return target
  }

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/targets',
      tags,
      summary: 'What one can ask for',
      responses: answers('By name.', z.object({ targets: z.array(targetSchema) })),
    }),
    c => {
      const { byTarget } = policy.set()
      const views = targets.list().map(({ name, protocol, environment, services, scopes }) => ({
        name,
        protocol,
        environment,
        services: [...services],
        scopes: Object.keys(scopes),
        procedures: (byTarget.get(name) ?? []).map(({ name: procedure, values: { purpose }, terms }) => ({
          procedure,
          purpose,
          scope: terms.scope.use,
          factor: terms.verify.factor,
          default_ms: terms.time.defaultMs,
          most_ms: terms.time.mostMs,
        })),
      }))
      return c.json({ targets: views }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/targets/{name}/plan',
      tags,
      summary: 'What the owner of the target runs once',
      request: { params },
      responses: answers('Text to read, then to run.', z.object({ plan: z.string() })),
    }),
    c => {
      demandRole(roles, c.get('principal'), 'administer', 'audit')
      return c.json({ plan: targets.plan(find(c.req.valid('param').name)) }, 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/targets/{name}/check',
      tags,
      summary: 'Whether the target enforces what the configuration says',
      request: { params },
      responses: answers(
        'Line by line; `ok` is false when a `must` does not hold.',
        z.object({ ok: z.boolean(), lines: z.array(lineSchema) }),
      ),
    }),
    async c => {
      demandRole(roles, c.get('principal'), 'administer', 'audit')
      const lines = await targets.check(find(c.req.valid('param').name))
      return c.json(
        {
          ok: lines.every(({ ok, level }) => ok || level !== 'must'),
          lines: lines.map(line => ({ ...line })),
        },
        200,
      )
    },
  )
  return app
}
