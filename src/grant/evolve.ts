import type { Instant } from '../kernel/clock.ts'
import type { GrantId, IncidentId, PersonId } from '../kernel/ids.ts'
import type { JournalEvent } from '../journal/slice.ts'
import type { Terms } from '../policy/terms.ts'
import type { ApprovalPlan, EndReason, Grant } from './grant.ts'
import { allows, isMove, MOVES } from './states.ts'

/** Pure. A move that the table does not allow leaves the grant as it is: no forged or late event reopens anything. */
export function evolve(grant: Grant | undefined, event: JournalEvent): Grant | undefined {
  if (!grant) return event.type === 'grant.requested' ? requested(event) : undefined
  if (isMove(event.type)) {
    if (!allows(event.type, grant.state)) return grant
    return moved({ ...grant, state: MOVES[event.type].to }, event)
  }
  return changed(grant, event)
}

function requested(event: JournalEvent): Grant {
  const { data } = event
  return {
    id: data.grant as GrantId,
    state: 'requested',
    person: event.subject as PersonId,
    target: data.target as string,
    scope: data.scope as string,
    ...(data.incident !== undefined && { incident: data.incident as IncidentId }),
    terms: data.terms as unknown as Terms,
    approval: data.approval as unknown as ApprovalPlan,
    requestedAt: instantOf(event),
    entry: event.index,
    approvedBy: [],
    durationMs: data.duration_ms as number,
    extensions: 0,
    shortened: false,
    unalerted: false,
    credentials: [],
    leftLogins: [],
  }
}

function moved(grant: Grant, event: JournalEvent): Grant {
  const { data } = event
  switch (event.type) {
    case 'grant.verified':
      return { ...grant, verifiedAt: instantOf(event) }
    case 'grant.approved':
      return {
        ...grant,
        approvedAt: instantOf(event),
        approvalMode: data.mode as NonNullable<Grant['approvalMode']>,
        durationMs: data.duration_ms as number,
      }
    case 'grant.activated':
      return { ...grant, activatedAt: instantOf(event), unalerted: data.unalerted === true }
    case 'grant.ended':
      return { ...grant, endedAt: instantOf(event), endReason: data.reason as EndReason }
    default:
      return grant
  }
}

function changed(grant: Grant, event: JournalEvent): Grant {
  const { data } = event
  switch (event.type) {
    case 'grant.approval_given': {
      const by = data.by as PersonId
      if (grant.state !== 'verified' || by === grant.person || grant.approvedBy.includes(by)) return grant
      return { ...grant, approvedBy: [...grant.approvedBy, by] }
    }
    case 'grant.extended':
      if (grant.state !== 'active') return grant
      return { ...grant, durationMs: data.duration_ms as number, extensions: grant.extensions + 1 }
    case 'grant.shortened':
      if (grant.state !== 'active') return grant
      return { ...grant, durationMs: Math.min(grant.durationMs, data.duration_ms as number), shortened: true }
    case 'credential.issued': {
      const credential = { id: data.credential as string, login: data.login as string }
      return { ...grant, credentials: [...grant.credentials, credential] }
    }
    case 'login.intended':
      return intended(grant, data.login as string, data.dormant === true)
    case 'login.dropped':
      return dropped(grant, data.login as string)
    default:
      return grant
  }
}

function intended(grant: Grant, name: string, dormant: boolean): Grant {
  const before = grant.targetLogin
  const leaves = before?.dropped === false && before.name !== name && !before.dormant
  return {
    ...grant,
    targetLogin: { name, dropped: false, dormant },
    leftLogins: leaves ? [...grant.leftLogins, before.name] : grant.leftLogins,
  }
}

function dropped(grant: Grant, name: string): Grant {
  const { targetLogin } = grant
  return {
    ...grant,
    ...(targetLogin?.name === name && { targetLogin: { ...targetLogin, dropped: true } }),
    leftLogins: grant.leftLogins.filter(left => left !== name),
  }
}

function instantOf(event: JournalEvent): Instant {
  return { wall: event.t, mono: event.mono, boot: event.boot }
}
