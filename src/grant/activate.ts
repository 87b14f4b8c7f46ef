import type { Instant } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { Decision } from '../journal/journal.ts'
import type { NewEvent, View } from '../journal/slice.ts'
import { movable } from './find.ts'
import type { Grant } from './grant.ts'
import { lockOn } from './locks.ts'

export interface Opening {
  /** A channel confirmed an alert of this grant. */
  readonly alerted: boolean
  /** The person may still act: known and not disabled. */
  readonly personEnabled: boolean
}

/** Whether an approved grant may become active now, must wait, or may not at all. Pure. */
export function opening(
  grant: Grant,
  facts: Opening,
  now: Instant,
): 'open' | 'open_unalerted' | 'wait' | 'refuse' {
  const { alert } = grant.terms
  if (!alert.beforeOpen || facts.alerted) return 'open'
  const waited = now.wall - (grant.approvedAt ?? grant.requestedAt).wall
  if (waited < alert.waitMs) return 'wait'
  return alert.unalerted === 'open' ? 'open_unalerted' : 'refuse'
}

/** The clock of the grant starts here, not at connect (requirement 12). */
export function activate(state: View, id: string, facts: Opening, now: Instant): Decision<void> | Fault {
  const grant = movable(state, id, 'grant.activated', 'activated')
  if (grant instanceof Fault) return grant
  const refusal = whyNot(state, grant, facts)
  const how = opening(grant, facts, now)
  if (refusal !== undefined || how === 'refuse') {
    return denied(grant, refusal ?? 'no alert channel confirmed in time')
  }
  if (how === 'wait') return new Fault('grant.state', 'The grant opens when an alert channel has confirmed.')
  const events: NewEvent[] = [
    {
      type: 'grant.activated',
      subject: grant.person,
      target: grant.target,
      outcome: 'granted',
      data: {
        grant: id,
        duration_ms: grant.durationMs,
        ends_at: now.wall + grant.durationMs,
        ...(how === 'open_unalerted' && { unalerted: true }),
      },
    },
  ]
  if (how === 'open_unalerted') {
    events.push({
      type: 'finding.raised',
      subject: grant.person,
      target: grant.target,
      data: { grant: id, rule: 'opened_unalerted' },
    })
  }
  return { events, result: undefined }
}

function whyNot(state: View, grant: Grant, facts: Opening): string | undefined {
  if (!facts.personEnabled) return 'the requester is disabled'
  const lock = lockOn(state, grant)
  return lock && (lock.on.kind === 'everything' ? 'everything is locked' : `the ${lock.on.kind} is locked`)
}

function denied(grant: Grant, why: string): Decision<void> {
  return {
    events: [
      {
        type: 'grant.denied',
        subject: grant.person,
        target: grant.target,
        outcome: 'denied',
        data: { grant: grant.id, why },
      },
    ],
    result: undefined,
  }
}
