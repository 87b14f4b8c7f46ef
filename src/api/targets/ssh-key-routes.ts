import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { Fault } from '../../kernel/faults.ts'
import { parseSshKey, sshFingerprint } from '../../kernel/ssh-key.ts'
import { answers, json } from '../answers.ts'
import type { AppDeps, SshKeyDesk } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { demandRole } from '../role.ts'
import { newRouter } from '../router.ts'

const keySchema = z
  .object({
    key: z.string().describe('ssh-ed25519 AAAA…'),
    fingerprint: z.string().describe('SHA256:…, as ssh-keygen -l prints it.'),
  })
  .openapi('SshKey')

const keysSchema = z
  .object({
    host: keySchema.describe('Shows clients that this is the gateway.'),
    ca: keySchema.describe('Signs the certificates that targets accept.'),
    next: z
      .object({ host: keySchema.optional(), ca: keySchema.optional() })
      .describe('Made, to be trusted beside the one in use, not used yet.'),
  })
  .openapi('SshKeys')

const params = z.object({
  use: z.enum(['host', 'ca']).openapi({ param: { name: 'use', in: 'path' }, example: 'ca' }),
})
const tags = ['targets']

/** Changes that take nothing but which key. */
const MOVES = [
  ['next', 'Make the key that will follow, so that it can be made known', 'makeNext'],
  ['withdraw', 'Take the next key back; nothing is left of it', 'withdraw'],
] as const

/** The gateway's own SSH keys: shown to everybody, as they are public; changed by administrators in two steps. */
export function sshKeyRoutes({ sshKeys, roles }: Pick<AppDeps, 'sshKeys' | 'roles'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()
  const desk = (): SshKeyDesk => {
    if (sshKeys) return sshKeys
    throw new Fault('not_found', 'This gateway does not listen for SSH, so it has no keys for it.', {
      next: 'Set `listen.ssh` in breakglass.yaml.',
    })
  }

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/ssh-keys',
      tags,
      summary: "The gateway's own SSH keys, public halves",
      responses: answers('Now.', keysSchema),
    }),
    c => c.json(view(desk()), 200),
  )

  for (const [way, summary, change] of MOVES) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/v1/ssh-keys/{use}/${way}`,
        tags,
        summary,
        request: { params },
        responses: answers('Afterwards.', keysSchema),
      }),
      async c => {
        demandRole(roles, c.get('principal'), 'administer')
        await desk()[change](c.get('principal'), c.req.valid('param').use)
        return c.json(view(desk()), 200)
      },
    )
  }

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/ssh-keys/{use}/switch',
      tags,
      summary: 'Use the next key from now on; an authority when every host is ready for it',
      request: {
        params,
        body: {
          required: true,
          content: json(
            z.strictObject({
              although: z
                .array(z.string().max(200))
                .max(10_000)
                .default([])
                .describe('Targets that need not be ready.'),
            }),
          ),
        },
      },
      responses: answers('Afterwards.', keysSchema),
    }),
    async c => {
      demandRole(roles, c.get('principal'), 'administer')
      const { although } = c.req.valid('json')
      await desk().switchTo(c.get('principal'), c.req.valid('param').use, although)
      return c.json(view(desk()), 200)
    },
  )
  return app
}

function view(desk: SshKeyDesk): z.infer<typeof keysSchema> {
  const { host, ca, next } = desk.show()
  return {
    host: keyView(host),
    ca: keyView(ca),
    next: { ...(next.host && { host: keyView(next.host) }), ...(next.ca && { ca: keyView(next.ca) }) },
  }
}

function keyView(key: string): z.infer<typeof keySchema> {
  const blob = parseSshKey(key)
  if (!Buffer.isBuffer(blob)) throw new Fault('internal', 'a key of ours that is none')
  return { key, fingerprint: sshFingerprint(blob) }
}
