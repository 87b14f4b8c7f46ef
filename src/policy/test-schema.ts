import { z } from 'zod'
import { duration, handle, word } from './schema.ts'

const instant = z.iso.datetime({ error: 'must be a time in UTC, such as 2026-01-15T12:00:00Z' })

const incident = z
  .strictObject({
    id: z.string().min(1).max(200).default('i_test'),
    source: word.default('self'),
    trust: z.enum(['signed', 'fetched', 'unsigned', 'self']).default('unsigned'),
    status: z.enum(['open', 'mitigated', 'resolved']).default('open'),
    severity: z.int().min(1).max(5).default(3),
    services: z.array(z.string()).default([]),
    environments: z.array(z.string()).default([]),
    responders: z
      .array(
        z.strictObject({
          person: handle,
          role: z.string().default('responder'),
          state: z.enum(['assigned', 'accepted', 'declined']).default('assigned'),
        }),
      )
      .default([]),
    declared_by: handle.default('monitor'),
    opened_at: instant.optional().describe('Five minutes before the case, unless said.'),
    updated_at: instant.optional().describe('The time of the case, unless said.'),
    seen_at: instant.optional().describe('The time of the case, unless said.'),
    drill: z.boolean().default(false),
    url: z.string().optional(),
  })
  .describe('The incident as procedures see it. Leave it out to test a request without one.')

const expected = z
  .strictObject({
    decision: z
      .enum(['grant', 'ask', 'deny', 'choose'])
      .describe('grant: without waiting. ask: people must approve. deny. choose: several procedures apply.'),
    approval: z
      .union([z.enum(['none', 'people']), z.int().min(1).max(20)])
      .optional()
      .describe('none, people, or how many people.'),
    time: duration.optional().describe('How long the grant lasts.'),
    procedure: word.optional().describe('Which procedure applies.'),
    scope: word.optional().describe('Which scope is granted.'),
    because: z.string().min(1).optional().describe('Words that occur in the reason.'),
  })
  .describe('What must come of it. What is left out is not compared.')

export const procedureTestSchema = z
  .array(
    z.strictObject({
      case: z.string().min(1).max(200).describe('One sentence: who, when, what comes of it.'),
      requester: z.strictObject({
        id: handle,
        groups: z.array(handle).default([]),
        drill: z.boolean().default(false),
      }),
      incident: incident.optional(),
      target: word,
      procedure: word.optional().describe('As --procedure.'),
      for: duration.optional().describe('As --for.'),
      at: instant.default('2026-01-15T12:00:00Z').describe('The time at which it is decided.'),
      expect: expected,
    }),
  )
  .min(1)
  .meta({ title: 'breakglass procedure tests' })

export type ProcedureTest = z.output<typeof procedureTestSchema>[number]
