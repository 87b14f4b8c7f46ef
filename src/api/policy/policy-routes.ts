import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { Fault } from '../../kernel/faults.ts'
import { parseDuration } from '../../kernel/duration.ts'
import { answers, json } from '../answers.ts'
import type { AppDeps, PolicyStatus } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { demandRole } from '../role.ts'
import { newRouter } from '../router.ts'

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'a digest: 64 hexadecimal digits')

const statusSchema = z
  .object({
    digest,
    procedures: z.array(z.string()),
    offered: z.object({ digest, accepted_by: z.array(z.string()), needed: z.int() }).optional(),
    alert: z.string().optional(),
    problems: z.array(
      z.object({ file: z.string(), line: z.int(), column: z.int(), message: z.string(), next: z.string() }),
    ),
  })
  .openapi('PolicyStatus')

const question = z.strictObject({
  target: z.string().min(1).max(200),
  incident: z.string().max(60).optional(),
  procedure: z.string().max(100).optional(),
  duration: z.string().max(12).optional(),
  person: z
    .string()
    .max(100)
    .optional()
    .describe('For somebody else: needs the role `administer` or `audit`.'),
})

const explanationSchema = z.object({
  procedure: z.string(),
  file: z.string(),
  applies: z.boolean(),
  steps: z.array(z.object({ rule: z.string(), ok: z.boolean(), why: z.string() })),
})

const tags = ['policy']

export function policyRoutes({
  policy,
  identity,
  roles,
}: Pick<AppDeps, 'policy' | 'identity' | 'roles'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/policy',
      tags,
      summary: 'Which procedures are in force',
      responses: answers('Now.', statusSchema),
    }),
    c => c.json(view(policy.status()), 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/policy/explain',
      tags,
      summary: 'Rule by rule, why',
      request: { body: { required: true, content: json(question) } },
      responses: answers(
        'One per procedure for the target.',
        z.object({ explanations: z.array(explanationSchema) }),
      ),
    }),
    c => {
      const { target, incident, procedure, duration, person: handle } = c.req.valid('json')
      const who = c.get('principal')
      const durationMs = duration === undefined ? undefined : parseDuration(duration)
      if (duration !== undefined && durationMs === undefined)
        throw new Fault('input.invalid', `${JSON.stringify(duration)} is no duration.`, {
          next: 'Write it as 30m or 1h.',
        })
      const asked =
        handle === undefined || handle === who.handle
          ? { id: who.handle, groups: who.groups }
          : someoneElse(c.get('principal'), handle)
      const explanations = policy.explain({
        who: asked,
        target,
        ...(incident !== undefined && { incident }),
        ...(procedure !== undefined && { procedure }),
        ...(durationMs !== undefined && { durationMs }),
      })
      return c.json(
        {
          explanations: explanations.map(({ steps, ...rest }) => ({
            ...rest,
            steps: steps.map(({ rule, ok, why }) => ({ rule, ok, why })),
          })),
        },
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/policy/accept',
      tags,
      summary: "An owner's yes to a set of procedures",
      request: { body: { required: true, content: json(z.strictObject({ digest })) } },
      responses: answers('What is in force afterwards.', statusSchema),
    }),
    async c => c.json(view(await policy.accept(c.get('principal'), c.req.valid('json').digest)), 200),
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/policy/reload',
      tags,
      summary: 'Read the folder of procedures again',
      responses: answers('What is in force afterwards.', statusSchema),
    }),
    async c => {
      demandRole(roles, c.get('principal'), 'administer')
      return c.json(view(await policy.reload(c.get('principal'))), 200)
    },
  )

  const someoneElse = (
    who: Parameters<typeof demandRole>[1],
    handle: string,
  ): { id: string; groups: readonly string[] } => {
    demandRole(roles, who, 'administer', 'audit')
    const person = identity.personOf(handle)
    const found = person && identity.find(person)
    if (!found)
      throw new Fault('not_found', `There is nobody called ${JSON.stringify(handle)}.`, {
        next: 'Give a handle.',
      })
    return { id: handle, groups: found.groups }
  }
  return app
}

function view({ digest, procedures, offered, alert, problems }: PolicyStatus): z.infer<typeof statusSchema> {
  return {
    digest,
    procedures: [...procedures],
    ...(offered && { offered: { ...offered, accepted_by: [...offered.accepted_by] } }),
    ...(alert !== undefined && { alert }),
    problems: problems.map(problem => ({ ...problem })),
  }
}
