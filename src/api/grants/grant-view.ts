import { z } from '@hono/zod-openapi'
import { lapsesAt } from '../../grant/answer-time.ts'
import { endsAt, type Grant } from '../../grant/grant.ts'
import { PENDING, STATES } from '../../grant/states.ts'
import type { PersonId } from '../../kernel/ids.ts'
import { time, utc } from '../answers.ts'

const people = z.object({ people: z.array(z.string()), groups: z.array(z.string()) })

export const grantSchema = z
  .object({
    id: z.string(),
    state: z.enum(STATES),
    requester: z.string().describe('Handle.'),
    mine: z.boolean(),
    target: z.string(),
    scope: z.string(),
    procedure: z.string(),
    digest: z.string().describe('Of the set of procedures that decided.'),
    incident: z.string().optional(),
    reason: z.string().optional().describe('Absent once erased, and in lists.'),
    verify: z.object({ factor: z.string(), within_ms: z.int() }),
    approval: z.object({
      mode: z.enum(['automatic', 'people']),
      why: z.string().optional(),
      from: people,
      needed: z.int(),
      given_by: z.array(z.string()),
      automatic_from: time.optional(),
      unanswered_from: time
        .optional()
        .describe('From then on the requester may open it without an answer, with a second factor.'),
    }),
    approved: z.enum(['automatic', 'people', 'nobody']).optional(),
    requested_at: time,
    lapses_at: time.optional(),
    active_at: time.optional(),
    ends_at: time.optional(),
    ended_at: time.optional(),
    end_reason: z.string().optional(),
    duration_ms: z.int(),
    extensions_left: z.int(),
    unalerted: z.boolean().describe('Opened although no alert channel had confirmed.'),
  })
  .openapi('Grant')

export type GrantView = z.infer<typeof grantSchema>

export interface Names {
  handleOf(person: PersonId): string | undefined
}

/** A grant as its readers see it: handles for pseudonyms, UTC for instants. Pure. */
export function grantView(grant: Grant, viewer: PersonId, names: Names, reason?: string): GrantView {
  const { terms, approval } = grant
  const name = (person: PersonId): string => names.handleOf(person) ?? person
  const ends = endsAt(grant)
  const { nobody } = approval.ask
  const waiting = PENDING.includes(grant.state)
  return {
    id: grant.id,
    state: grant.state,
    requester: name(grant.person),
    mine: grant.person === viewer,
    target: grant.target,
    scope: grant.scope,
    procedure: terms.procedure,
    digest: terms.digest,
    ...(grant.incident !== undefined && { incident: grant.incident }),
    ...(reason !== undefined && { reason }),
    verify: { factor: terms.verify.factor, within_ms: terms.verify.withinMs },
    approval: {
      mode: approval.mode,
      ...(approval.why !== undefined && { why: approval.why }),
      from: {
        people: approval.ask.from.people.map(person => name(person as PersonId)),
        groups: [...approval.ask.from.groups],
      },
      needed: approval.ask.count,
      given_by: grant.approvedBy.map(name),
      ...(approval.automaticFrom !== undefined && { automatic_from: utc(approval.automaticFrom) }),
      ...(waiting &&
        nobody !== undefined &&
        grant.verifiedAt && { unanswered_from: utc(grant.verifiedAt.wall + nobody.afterMs) }),
    },
    ...(grant.approvalMode !== undefined && { approved: grant.approvalMode }),
    requested_at: utc(grant.requestedAt.wall),
    ...(waiting && { lapses_at: utc(lapsesAt(grant)) }),
    ...(grant.activatedAt && { active_at: utc(grant.activatedAt.wall) }),
    ...(ends !== undefined && { ends_at: utc(ends) }),
    ...(grant.endedAt && { ended_at: utc(grant.endedAt.wall) }),
    ...(grant.endReason !== undefined && { end_reason: grant.endReason }),
    duration_ms: grant.durationMs,
    extensions_left: Math.max(0, (terms.time.extend?.times ?? 0) - grant.extensions),
    unalerted: grant.unalerted,
  }
}
