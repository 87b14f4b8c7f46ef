import type { Instant } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import type { Decision } from '../journal/journal.ts'
import type { NewEvent, View } from '../journal/slice.ts'
import { findGrant, movable } from './find.ts'
import type { Grant } from './grant.ts'
import { includes, nameOf } from './people.ts'

export interface Approved {
  readonly approved: boolean
  /** How many more people have to agree. */
  readonly missing: number
}

/** One person's yes. One human is one approval, whatever groups they are in; never the requester (requirement 6). */
export function approve(state: View, id: string, who: VerifiedPrincipal): Decision<Approved> | Fault {
  const grant = answerable(state, id, who, 'approved')
  if (grant instanceof Fault) return grant
  if (grant.state === 'requested')
    return new Fault('grant.state', 'The requester has not shown a factor yet.', {
      next: 'Wait until the request is verified, then approve.',
    })
  const { ask } = grant.approval
  if (grant.approvedBy.includes(who.person)) {
    return { events: [], result: { approved: false, missing: ask.count - grant.approvedBy.length } }
  }
  const count = grant.approvedBy.length + 1
  const events: NewEvent[] = [
    {
      type: 'grant.approval_given',
      subject: grant.person,
      target: grant.target,
      data: { grant: id, by: who.person, count, needed: ask.count },
    },
  ]
  if (count >= ask.count) events.push(approvedEvent(grant, 'people', grant.durationMs))
  return { events, result: { approved: count >= ask.count, missing: Math.max(0, ask.count - count) } }
}

/** One person's no ends the request. */
export function deny(
  state: View,
  id: string,
  who: VerifiedPrincipal,
  reason: string,
): Decision<void> | Fault {
  const grant = answerable(state, id, who, 'denied')
  if (grant instanceof Fault) return grant
  return {
    events: [
      {
        type: 'grant.denied',
        subject: grant.person,
        target: grant.target,
        outcome: 'denied',
        data: { grant: id, why: 'an approver said no', by: who.person },
        payload: { reason },
        seal: grant.person,
      },
    ],
    result: undefined,
  }
}

/** The full automatic rule held, see auto-approval.ts. */
export function approveAutomatically(state: View, id: string, now: Instant): Decision<void> | Fault {
  const grant = movable(state, id, 'grant.approved', 'approved')
  if (grant instanceof Fault) return grant
  if (grant.approval.mode !== 'automatic' || now.wall < (grant.approval.automaticFrom ?? 0))
    return new Fault('grant.state', 'People have to approve this request.')
  return { events: [approvedEvent(grant, 'automatic', grant.durationMs)], result: undefined }
}

export function approvedEvent(
  grant: Pick<Grant, 'id' | 'person' | 'target'>,
  mode: 'automatic' | 'people' | 'nobody',
  durationMs: number,
  alert: readonly string[] = [],
): NewEvent {
  return {
    type: 'grant.approved',
    subject: grant.person,
    target: grant.target,
    data: { grant: grant.id, mode, duration_ms: durationMs, ...(alert.length > 0 && { alert }) },
  }
}

function answerable(state: View, id: string, who: VerifiedPrincipal, act: string): Grant | Fault {
  const grant = findGrant(state, id)
  if (grant instanceof Fault) return grant
  if (grant.person === who.person)
    return new Fault('grant.own', 'Nobody answers their own request.', {
      next: `Ask ${nameOf(grant.approval.ask.from)}; you can withdraw it with \`breakglass withdraw ${id}\`.`,
    })
  if (who.kind === 'api')
    return new Fault('forbidden', 'A program may ask for access; it never answers for a person.', {
      next: 'Sign in yourself with `breakglass login`, then answer.',
    })
  if (!includes(grant.approval.ask.from, who))
    return new Fault('forbidden', 'You are not one of those who answer this request.', {
      next: `It waits for ${nameOf(grant.approval.ask.from)}.`,
    })
  return act === 'denied' ? movable(state, id, 'grant.denied', act) : movableOrRequested(state, grant, id)
}

function movableOrRequested(state: View, grant: Grant, id: string): Grant | Fault {
  return grant.state === 'requested' ? grant : movable(state, id, 'grant.approved', 'approved')
}
