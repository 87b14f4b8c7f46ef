import { Fault } from '../kernel/faults.ts'
import { type GrantId, type IncidentId, newId, type PersonId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Decision } from '../journal/journal.ts'
import type { NewEvent, View } from '../journal/slice.ts'
import type { Terms } from '../policy/terms.ts'
import type { ApprovalPlan } from './grant.ts'
import { lockOn } from './locks.ts'
import { grants } from './slice.ts'
import { PENDING } from './states.ts'

export const REASON_LIMIT = 2_000

export interface RequestInput {
  readonly person: PersonId
  readonly target: string
  readonly reason: string
  readonly incident?: IncidentId
  readonly durationMs: number
  readonly terms: Terms
  readonly approval: ApprovalPlan
  /** SHA-256 hex of the canonical incident record that was evaluated. */
  readonly incidentDigest?: string
  /** Why policy or another duty says no; the refusal is recorded all the same (requirement 5). */
  readonly refused?: { readonly why: string; readonly next: string }
}

export interface Requested {
  /** Absent when no procedure covers the target. */
  readonly grant?: GrantId
  readonly denied?: { readonly why: string; readonly next: string }
}

/** A reason must say something, in at most 2,000 characters (requirement 9). */
export function checkReason(reason: string): Fault | undefined {
  if (reason.trim() === '')
    return new Fault('input.invalid', 'The reason is empty.', {
      next: 'Say in a sentence why access is needed.',
    })
  if (reason.length > REASON_LIMIT)
    return new Fault('input.too_large', `The reason is longer than ${REASON_LIMIT} characters.`, {
      next: 'Shorten it; put details into the incident or the ticket.',
    })
  return undefined
}

/** Records the request and, when something stands against it, the refusal in the same frame. */
export function request(state: View, input: RequestInput): Decision<Requested> {
  const grant = newId('grant')
  const { terms } = input
  const events: NewEvent[] = [
    {
      type: 'grant.requested',
      subject: input.person,
      target: input.target,
      data: {
        grant,
        procedure: terms.procedure,
        digest: terms.digest,
        target: input.target,
        scope: terms.scope.use,
        duration_ms: input.durationMs,
        terms: terms as unknown as JsonObject,
        approval: input.approval as unknown as JsonObject,
        ...(input.incident !== undefined && { incident: input.incident }),
        ...(input.incidentDigest !== undefined && { incident_digest: input.incidentDigest }),
      },
      payload: { reason: input.reason.trim() },
      seal: input.person,
    },
  ]
  const denied = input.refused ?? obstacle(state, input)
  if (!denied) return { events, result: { grant } }
  events.push({
    type: 'grant.denied',
    subject: input.person,
    target: input.target,
    outcome: 'denied',
    data: { grant, why: denied.why },
  })
  return { events, result: { grant, denied } }
}

function obstacle(state: View, input: RequestInput): { why: string; next: string } | undefined {
  const lock = lockOn(state, { person: input.person, target: input.target, terms: input.terms })
  if (lock)
    return {
      why: lock.on.kind === 'everything' ? 'everything is locked' : `the ${lock.on.kind} is locked`,
      next: `Whoever may unlock lifts it with \`breakglass unlock ${lock.id}\`.`,
    }
  let open = 0
  for (const grant of state.hot(grants)) {
    if (grant.person === input.person && (PENDING.includes(grant.state) || grant.state === 'active')) open++
  }
  const limit = input.terms.limits.grantsPerPerson
  if (open >= limit)
    return {
      why: `the requester already has ${open} open grants; the limit is ${limit}`,
      next: 'Close or withdraw one first: `breakglass grants --mine`.',
    }
  return undefined
}
