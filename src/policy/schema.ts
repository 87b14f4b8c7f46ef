import { z } from 'zod'
import { parseDuration } from '../kernel/duration.ts'
import { hostFields } from './host-schema.ts'
import { parseSize } from './size.ts'

/**
 * The one description of what may stand in a procedure file. Editors complete from the JSON Schema made of it, `load`
 * checks against it, and the types of a file as written are inferred from it. Unknown fields are refused everywhere:
 * a misspelt restriction must not silently be no restriction.
 */

const MOST = 30 * 86_400_000

/** Text of a duration: more than nothing, at most 30 days. */
export const duration = z
  .string({ error: 'must be a duration: a number and one of ms, s, m, h, d, such as 30m' })
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, {
    error: 'must be a duration: a number and one of ms, s, m, h, d, such as 30m',
  })
  .refine(text => (parseDuration(text) ?? 0) > 0, { error: 'must be longer than nothing', abort: true })
  .refine(text => (parseDuration(text) ?? 0) <= MOST, { error: 'must be at most 30d' })

const size = z
  .string({ error: 'must be a size: 0, or a number and one of B, KiB, MiB, such as 64KiB' })
  .regex(/^\d{1,9}(B|KiB|MiB)?$/, {
    error: 'must be a size: 0, or a number and one of B, KiB, MiB, such as 64KiB',
  })
  .refine(text => parseSize(text) !== undefined, { error: 'must be at most 64MiB' })

/** Name of a procedure, target, scope, rule or destination. */
export const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, {
  error: 'must be a name: letters, digits, "_", "." and "-", at most 63, beginning with a letter or digit',
})

/** Handle of a person, or name of a group. */
export const handle = z.string().min(1).max(200)

const condition = z
  .string({ error: 'must be a condition in CEL, as text' })
  .min(1)
  .max(4000)
  .describe(
    'A CEL expression over requester, incident, target, request and now. Anything but true counts as no.',
  )

const people = z
  .strictObject({
    people: z.array(handle).max(500).default([]).describe('Handles of people.'),
    groups: z.array(handle).max(500).default([]).describe('Names of groups.'),
  })
  .describe('Who is in one of the lists. Both empty means nobody.')

const strongFactor = z.enum(['totp', 'passkey'])

const verify = z
  .strictObject({
    factor: strongFactor.default('passkey').describe('The weakest factor that counts.'),
    within: duration.default('2m').describe('How old the proof may be. An older sign-in does not count.'),
  })
  .describe('How strongly the requester proves who they are, at elevation.')

const approval = z
  .strictObject({
    automatic_when: condition
      .optional()
      .describe(
        'Nobody needs to approve when this holds and the incident itself is good enough (docs/PROCEDURES.md).',
      ),
    otherwise: z
      .strictObject({
        from: people,
        count: z.int().min(1).max(20).default(1).describe('How many different people; never the requester.'),
        within: duration.default('10m').describe('After this time without an answer the request lapses.'),
      })
      .optional()
      .describe('Who approves when it is not automatic. Absent means nobody.'),
    nobody: z
      .strictObject({
        after: duration.describe('Opens after this time when nobody answered.'),
        factor: strongFactor.default('passkey').describe('The second factor that opening alone takes.'),
        most: duration.describe('The longest such a grant lasts.'),
        alert: z
          .union([word, z.array(word).min(1).max(20)])
          .describe('The loudest alert: names of alert destinations.'),
      })
      .optional()
      .describe('What happens when nobody can approve. Absent means the request lapses.'),
  })
  .describe('Who lets the requester in.')

const MOST_HELD = 15 * 60_000

/** What `rehearse: true` means. */
export const REHEARSE = { within: '2m', rows: 1000, show: 10 } as const

const scope = z
  .strictObject({
    use: word.describe('The scope of the target that is granted.'),
    refuse: z.array(word).max(100).default([]).describe('Rules of the protocol that hold inside the scope.'),
    writes_per_statement: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .describe('Rows one statement may write.'),
    rehearse: z
      .union([
        z.boolean(),
        z.strictObject({
          within: duration
            .refine(text => (parseDuration(text) ?? 0) <= MOST_HELD, {
              error: 'must be at most 15m, as held writes hold locks',
            })
            .default(REHEARSE.within)
            .describe('Undecided writes are rolled back after this time; at most 15m.'),
          rows: z
            .int()
            .min(1)
            .max(10_000)
            .default(REHEARSE.rows)
            .describe('Rows of which one statement keeps before-images and an inverse.'),
          show: z
            .int()
            .min(0)
            .max(100)
            .default(REHEARSE.show)
            .describe('Rows of which the person sees what changed.'),
        }),
      ])
      .default(false)
      .describe(
        'Writes run in a held transaction: the person sees what changed, then keeps it (COMMIT) or not (ROLLBACK).',
      ),
    mask: z
      .array(
        z.strictObject({
          column: z.string().min(1).max(200).describe('`table.column`, `*.column` or `schema.table.column`.'),
          keep: z.enum(['nothing', 'domain', 'last4']).default('nothing').describe('What stays readable.'),
        }),
      )
      .max(100)
      .default([])
      .describe('Columns that leave the gateway masked: best effort; `hide` in the scope is the guarantee.'),
    ...hostFields,
  })
  .describe('What the grant can do at the target.')

const time = z.strictObject({
  default: duration.default('30m').describe('Length of a grant when none is asked for.'),
  most: duration.default('1h').describe('The longest that may be asked for; at most 24h.'),
  idle: duration.optional().describe('A session without traffic ends after this time.'),
  extend: z
    .strictObject({ times: z.int().min(1).max(20), by: duration })
    .optional()
    .describe('How often a grant may be extended, each time by how much. Absent means not at all.'),
})

const ALERTED = ['requested', 'activated', 'denied', 'ended', 'finding'] as const

const alert = z.strictObject({
  to: z
    .array(word)
    .min(1)
    .max(20)
    .describe('Alert destinations; together at least two independent channels.'),
  on: z
    .array(z.enum(ALERTED))
    .default([...ALERTED])
    .describe('What is worth an alert.'),
  before_open: z.boolean().default(true).describe('The grant is usable after one channel has confirmed.'),
  unalerted: z
    .enum(['open', 'refuse'])
    .default('open')
    .describe(
      'What happens when no channel confirms in time: open, marked and itself a finding; or stay closed.',
    ),
  wait: duration.default('10s').describe('How long before_open waits for a channel.'),
})

const review = z.strictObject({
  from: people.describe('Who reviews; somebody must be named.'),
  within: duration.default('48h').describe('Wall time from the end of the grant.'),
  overdue: z
    .enum(['refuse_new_requests', 'alert'])
    .default('refuse_new_requests')
    .describe('What an overdue review leads to.'),
})

export const procedureSchema = z
  .strictObject({
    procedure: word.describe('The name, unique in the organisation.'),
    purpose: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .describe('Why it exists, for the people who read it at three in the morning.'),
    targets: z.array(word).min(1).max(500).describe('Names of targets it opens.'),
    who: people.describe('Who may ask. Both lists empty means nobody.'),
    when: condition.describe('Under which incident. Write "true" when none is demanded.'),
    verify: verify.prefault({}),
    approval,
    scope,
    time: time.prefault({}),
    evidence: z
      .enum(['before', 'with'])
      .default('before')
      .describe('before: an action is durable before it is forwarded. with: durable within 50 ms.'),
    record: z
      .strictObject({
        bind_values: z.boolean().default(false).describe('Whether bind values are recorded.'),
        results: size.default('64KiB').describe('How much of each answer is recorded; at most 64MiB.'),
      })
      .prefault({})
      .describe('What a session leaves behind beyond its actions.'),
    connect: z
      .strictObject({
        any_address: z
          .boolean()
          .default(false)
          .describe('The session secret works from any address, not only the first.'),
      })
      .prefault({})
      .describe('How clients may connect.'),
    limits: z
      .strictObject({
        sessions: z.int().min(1).max(1000).default(20).describe('Sessions at once under one grant.'),
        grants_per_person: z
          .int()
          .min(1)
          .max(100)
          .default(2)
          .describe('Live grants of one person under this procedure.'),
      })
      .prefault({}),
    alert,
    review,
    drill: z
      .boolean()
      .default(false)
      .describe('For drills on canary targets: drill identities satisfy only such procedures.'),
  })
  .meta({ title: 'breakglass procedure' })

/** A procedure as a file says it, defaults filled in. */
export type ProcedureFile = z.output<typeof procedureSchema>
