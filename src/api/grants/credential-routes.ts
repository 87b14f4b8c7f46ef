import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { endsAt } from '../../grant/grant.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Target } from '../../kernel/target.ts'
import { knownHostsName, parseSshKey } from '../../kernel/ssh-key.ts'
import { answers, idOf, idParam, json, time, utc } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'

const sheet = z
  .object({
    grant: z.string(),
    target: z.string(),
    protocol: z.string(),
    login: z.string(),
    secret: z
      .string()
      .describe('Shown this once; valid as long as the grant, bound to the first address that uses it.'),
    host: z.string(),
    port: z.int(),
    database: z.string().optional(),
    ca: z.string().describe('PEM; what the client pins as sslrootcert.'),
    psql: z
      .string()
      .optional()
      .describe(
        'A command line without the secret; expects the CA in breakglass-ca.pem and the secret in PGPASSWORD.',
      ),
    host_keys: z
      .array(z.string())
      .optional()
      .describe(
        'Of SSH: lines for known_hosts, by which the client knows this gateway; a second one is of the key that will follow.',
      ),
    ssh: z
      .string()
      .optional()
      .describe('A command line without the secret; expects `host_keys` in breakglass-known_hosts.'),
    ends_at: time,
  })
  .openapi('ConnectionSheet')

const wish = z
  .object({
    public_key: z
      .string()
      .max(1_000)
      .optional()
      .describe(
        'Of SSH: the line of a .pub file (ssh-ed25519 AAAA… comment). It proves this login as the secret does.',
      ),
  })
  .openapi('CredentialWish')

/** What a native client needs to connect under an active grant. */
export function credentialRoutes({
  grants,
  credentials,
  targets,
  caPem,
}: Pick<AppDeps, 'grants' | 'credentials' | 'targets' | 'caPem'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()
  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/grants/{id}/credential',
      tags: ['grants'],
      summary: 'A login for native clients; each call makes a further one',
      request: {
        params: idParam('grant', 'g_019…'),
        body: { content: json(wish), required: false },
      },
      responses: answers('The login, its secret and how to connect.', sheet),
    }),
    async c => {
      const who = c.get('principal')
      const grant = grants.get(who, idOf('grant', c.req.valid('param').id))
      if (grant.person !== who.person)
        throw new Fault('forbidden', 'Only the requester connects under a grant.', {
          next: 'Ask for access of your own with `breakglass open`.',
        })
      const ends = endsAt(grant)
      if (grant.state !== 'active' || ends === undefined)
        throw new Fault('grant.not_active', `Grant ${grant.id} is ${grant.state}.`, {
          next: `See what it waits for with \`breakglass show ${grant.id}\`.`,
        })
      const target = targets.find(grant.target)
      const endpoint = target && targets.endpoint(target)
      if (!target || !endpoint)
        throw new Fault('target.misconfigured', `Nothing listens for ${grant.target}.`, {
          next: 'Add its protocol to `listen` in breakglass.yaml.',
        })
      const key = publicKeyOf(c.req.valid('json'), target)
      const { login, secret } = await credentials.issue(grant.id, key)
      const { host, port, database, hostKeys } = endpoint
      return c.json(
        {
          grant: grant.id,
          target: target.name,
          protocol: target.protocol,
          login,
          secret,
          host,
          port,
          ...(database !== undefined && { database }),
          ca: caPem,
          ...(target.protocol === 'postgres' && { psql: psqlLine(host, port, login, database) }),
          ...(hostKeys !== undefined && {
            host_keys: hostKeys.map(key => `${knownHostsName(host, port)} ${key}`),
            ssh: sshLine(host, port, login),
          }),
          ends_at: utc(ends),
        },
        200,
      )
    },
  )
  return app
}

/** The key that shall prove the login. Refused before there is a login. Fault `input.invalid`. */
function publicKeyOf(
  { public_key: line }: z.infer<typeof wish>,
  { name, protocol }: Target,
): Buffer | undefined {
  if (line === undefined) return undefined
  if (protocol !== 'ssh')
    throw new Fault('input.invalid', `${name} speaks ${protocol}: a public key proves nothing there.`, {
      next: 'Leave `public_key` out; the secret of the answer proves the login.',
    })
  const key = parseSshKey(line)
  if (Buffer.isBuffer(key)) return key
  throw new Fault('input.invalid', `public_key: ${key.what}.`, { next: key.next })
}

function sshLine(host: string, port: number, login: string): string {
  const known = '-o UserKnownHostsFile=breakglass-known_hosts -o StrictHostKeyChecking=yes'
  return `ssh -p ${port} ${known} ${login}@${host}`
}

function psqlLine(host: string, port: number, login: string, database: string | undefined): string {
  const words = {
    host,
    port: String(port),
    user: login,
    ...(database !== undefined && { dbname: database }),
    sslmode: 'verify-full',
    sslrootcert: 'breakglass-ca.pem',
  }
  // libpq quotes with ' and escapes with \ (PostgreSQL documentation, "Connection Strings"); the shell is kept out by ".
  const text = Object.entries(words).map(
    ([key, value]) =>
      `${key}=${/^[\w.:/-]+$/.test(value) ? value : `'${value.replaceAll(/['\\]/g, '\\$&')}'`}`,
  )
  return `psql "${text.join(' ').replaceAll(/["$`\\]/g, '\\$&')}"`
}
