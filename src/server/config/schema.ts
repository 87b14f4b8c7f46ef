import { z } from 'zod'
import { formatDuration, parseDuration } from '../../kernel/duration.ts'
import { ADDRESS, parseAddress, SIZE } from './units.ts'

/**
 * What `breakglass.yaml` may say: the only source of the reader, of the types and of schema/breakglass.schema.json.
 * Unknown keys are refused everywhere except among the fields that a target hands to its protocol, which checks its own.
 */

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'a name: lower-case letters, digits, - and _, at most 63')
export const handle = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'a handle: lower-case letters, digits, dot, - and _, at most 63')

const addressForm = 'an address: host:port, such as 127.0.0.1:7070 or [::1]:7070'
const address = z
  .string()
  .regex(ADDRESS, addressForm)
  .refine(text => parseAddress(text) !== undefined, addressForm)
const size = z.string().regex(SIZE, 'a size: a number and B, KiB, MiB or GiB, such as 16MiB')

/** A duration within bounds; both in milliseconds. */
const duration = (least: number, most: number) => {
  const form = `a duration from ${formatDuration(least)} to ${formatDuration(most)}, such as ${formatDuration(Math.min(most, Math.max(least, 60_000)))}`
  return z.string().refine(text => {
    const ms = parseDuration(text)
    return ms !== undefined && ms >= least && ms <= most
  }, form)
}

const DAY_MS = 86_400_000

const secret = z
  .union(
    [
      z.strictObject({
        env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable'),
      }),
      z.strictObject({ file: z.string().min(1) }),
    ],
    { error: 'a secret by reference: { env: NAME } or { file: PATH }, never its value' },
  )
  .meta({
    description: 'Read when it is used: from the environment, or from a file that only the server may read.',
  })

const people = z
  .strictObject({
    people: z.array(handle).default([]).describe('Handles of people.'),
    groups: z.array(name).default([]).describe('Names of groups.'),
  })
  .prefault({})
  .describe('Who. Both lists empty means nobody.')

const scope = z
  .strictObject({
    as: z.string().min(1).describe('An existing role at the target; of a host, the account.').optional(),
    privileges: z
      .array(z.strictObject({ on: z.string().min(1), allow: z.array(z.string().min(1)).min(1) }))
      .min(1)
      .describe('Privileges that `target plan` turns into a role.')
      .optional(),
    hide: z.array(z.string().min(1)).describe('Columns on which the role has no SELECT.').optional(),
  })
  .refine(
    value => (value.as === undefined) !== (value.privileges === undefined),
    'a scope has either `as` (an existing role) or `privileges`',
  )
  .refine(
    value => value.as === undefined || value.hide === undefined,
    '`hide` needs `privileges`: the rights of an existing role are not ours to change',
  )

/** Fields of a target that only its protocol understands keep their form here; `{ env }` and `{ file }` in them are secrets. */
const target = z.looseObject({
  protocol: name.describe('How to speak with it: postgres or ssh.'),
  address: address.describe('Where it is, as the server reaches it.'),
  environment: name.default('production'),
  services: z.array(name).default([]).describe('Services that depend on it; incidents name the same ones.'),
  scopes: z
    .record(name, scope)
    .default({})
    .describe('Roles or accounts at the target that a procedure can grant.'),
})

const severity = z
  .record(z.string().min(1), z.int().min(1).max(5))
  .describe('What the source says → 1 (worst) to 5.')
const incidentSource = z
  .strictObject({
    source: z.enum(['webhook', 'alertmanager']),
    secret: z
      .union([secret, z.array(secret).min(1)])
      .describe('Signs its messages; two while rotating.')
      .optional(),
    token: z
      .union([secret, z.array(secret).min(1)])
      .describe('Bearer token it sends.')
      .optional(),
    people: z
      .record(z.string().min(1), handle)
      .default({})
      .describe('Its names for people (mail, login) → handle.'),
    severity: severity.default({}),
  })
  .refine(
    value => value.source !== 'webhook' || value.secret !== undefined,
    'a webhook needs `secret`: an unsigned message proves nothing',
  )
  .refine(
    value => value.source !== 'alertmanager' || value.token !== undefined,
    'an alertmanager needs `token`: anybody could send it messages',
  )

const channel = z.strictObject({
  channel: z.enum(['webhook']).describe('How it is delivered.'),
  url: z.url({ protocol: /^https?$/, error: 'an http or https URL' }),
  secret: secret.describe('Signs each delivery (Standard Webhooks): whsec_… or whsk_….'),
})

export const configSchema = z.strictObject({
  organisation: name.describe(
    'Part of the name under which the logs are signed; fixed once the server has started.',
  ),
  data: z.string().min(1).default('./data').describe('Logs, recordings and the vault.'),
  keys: z
    .string()
    .min(1)
    .default('./keys')
    .describe(
      'Vault key, certificates and SSH keys. Must lie outside `data`: a copy of the data alone opens nothing.',
    ),
  signer: z
    .string()
    .min(1)
    .default('./signer')
    .describe(
      'Keys of the logs and what was signed last. Must lie outside `data` and in no backup of it: it shows that data was turned back.',
    ),
  procedures: z.string().min(1).default('./procedures').describe('The folder of procedures and their tests.'),
  public_url: z
    .url({ protocol: /^https?$/, error: 'an http or https URL' })
    .describe('How people reach the API and pages. Default http://localhost:<api port>.')
    .optional(),
  listen: z
    .record(name, address)
    .default({})
    .describe(
      'Addresses by purpose: `api`, and one per protocol. Defaults: 127.0.0.1:7070, postgres 127.0.0.1:7432, and ssh 127.0.0.1:7022 when a target speaks it.',
    ),
  identity: z
    .strictObject({
      local: z
        .literal(true, { error: 'must be true: there is no other provider of identities in this version' })
        .default(true),
    })
    .prefault({})
    .describe('Passkeys and TOTP enrolled here work with every identity provider down.'),
  owners: z
    .strictObject({
      people: z.array(handle).min(1, 'at least one owner: without one nobody can accept procedures'),
      count: z.int().min(1).default(1).describe('How many of them must accept a set of procedures.'),
    })
    .refine(value => new Set(value.people).size === value.people.length, 'every owner once')
    .refine(
      value => value.count <= new Set(value.people).size,
      '`count` is larger than the number of owners: no set of procedures could ever be accepted',
    )
    .describe('Who accepts procedures. Read at the first start only; afterwards the log knows them.'),
  roles: z
    .strictObject({
      administer: people.describe('Add and disable people, reload procedures.'),
      lock: people.describe('Stop all access at once, or to one target or person.'),
      audit: people.describe('Read sessions and recordings of others; each reading is logged.'),
      revoke: people.describe('End a grant of somebody else.'),
    })
    .prefault({})
    .describe('Standing duties. None of them gives access to a target.'),
  targets: z.record(name, target).default({}),
  incidents: z.record(name, incidentSource).default({}),
  alerts: z
    .record(name, z.array(channel).min(1, 'a destination has at least one channel'))
    .default({})
    .describe('Destinations by name, each with its channels.'),
  alerts_allow: z
    .array(
      z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
        error: 'an IP address or a range such as 10.1.0.0/16',
      }),
    )
    .default([])
    .describe('Private addresses that alerts may be sent to.'),
  alerts_always: z
    .array(name)
    .default([])
    .describe('Destinations that hear of security events: locks, procedures, the ledger, sign-ins.'),
  alerts_single_channel: z
    .boolean()
    .default(false)
    .describe('True accepts procedures that alert over one channel only.'),
  retention: z
    .strictObject({
      least: duration(90 * DAY_MS, 36_500 * DAY_MS)
        .default('365d')
        .describe('Nothing that is younger than this can be erased.'),
    })
    .prefault({}),
  ledger: z
    .strictObject({
      segment: size.default('16MiB').describe('Size of a log segment, allocated ahead.'),
      signer: z
        .union([z.enum(['child', 'in_process']), z.strictObject({ socket: z.string().min(1) })], {
          error: '`child`, `in_process`, or { socket: PATH }',
        })
        .default('child')
        .describe(
          'Who signs the logs: a process that the server starts (child), the server itself (in_process), or `breakglass signer` of another account at a socket.',
        ),
      anchors: z
        .strictObject({
          authorities: z
            .array(
              z.strictObject({
                url: z.url({ protocol: /^https?$/, error: 'an http or https URL' }),
                ca: z.string().min(1).describe('Certificates (PEM) its answers must lead to.'),
              }),
            )
            .min(1, 'at least one authority'),
          every: duration(1_000, 604_800_000)
            .default('1h')
            .describe('How often each is asked for the newest head.'),
        })
        .optional()
        .describe(
          'Time stamping authorities (RFC 3161): show that the log existed at a time, by a clock that is not ours.',
        ),
      witnesses: z
        .strictObject({
          policy: z
            .string()
            .min(1)
            .describe(
              'Witnesses, their addresses and the quorum (C2SP tlog-policy): a file, or the lines themselves.',
            ),
          every: duration(1_000, 600_000)
            .default('10s')
            .describe('How often they are asked for the newest head.'),
          alert_after: duration(1_000, 86_400_000)
            .default('10m')
            .describe('How old the last witnessed head may get before it is an alert.'),
        })
        .optional()
        .describe(
          'Who cosigns the heads of the logs: shows whoever holds a policy that the log was not turned back.',
        ),
    })
    .prefault({}),
})

/** As written, defaults filled in. */
export type ConfigFile = z.output<typeof configSchema>

/** JSON Schema (draft 7, what editors read) of `breakglass.yaml` as people write it: defaults may be left out. */
export function configJsonSchema(): object {
  return {
    title: 'breakglass.yaml',
    ...z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input', reused: 'inline' }),
  }
}
