import type { Instant } from '../kernel/clock.ts'
import { type Reactor, type ReactorOptions, startReactor } from '../journal/reactor.ts'
import type { View } from '../journal/slice.ts'
import { freshness } from '../incident/freshness.ts'
import { incidents } from '../incident/slice.ts'
import { activate, opening } from './activate.ts'
import { lapsesAt } from './answer-time.ts'
import { approveAutomatically } from './approve.ts'
import { autoApproval } from './auto-approval.ts'
import { remaining } from '../kernel/clock.ts'
import { AFTER_RESOLVED_MS, shorten } from './change-time.ts'
import type { EndReason, Grant } from './grant.ts'
import { lapse, withdraw } from './leave.ts'
import { lockOn } from './locks.ts'
import type { GrantPorts } from './ports.ts'
import { grants } from './slice.ts'
import { PENDING } from './states.ts'

type Step = 'approve' | 'activate' | 'lapse' | 'withdraw' | 'shorten' | 'disabled' | 'locked'

/** Ends a live grant at once; see `Grants.endNow`. */
export type EndNow = (id: string, reason: EndReason) => Promise<void>

interface Due {
  readonly grant: Grant
  readonly step: Step
}

/**
 * What happens to grants without anybody acting: automatic approval, activation, lapse, an incident that resolves, a person
 * who was disabled, a lock that was set a moment before a crash.
 */
export function keepGrants(
  ports: GrantPorts,
  endNow: EndNow,
  onError: ReactorOptions<Due>['onError'],
): Reactor {
  return startReactor({
    name: 'grants',
    journal: ports.journal,
    due: (state, now) => grantsDue(ports, state, now),
    key: ({ grant, step }) => `${grant.id}/${step}`,
    nextAt: nextMoment,
    handle: ({ grant, step }) => take(ports, grant, step, endNow),
    onError,
  })
}

/** Takes the steps of one grant that are due now, one after the other; what `open` and `verify` answer with. */
export async function advance(ports: GrantPorts, id: string): Promise<void> {
  for (let step = 0; step < 3; step++) {
    const grant = ports.journal.state.get(grants, id)
    const due = grant && stepOf(ports, ports.journal.state, grant, ports.journal.now())
    if (!grant || !due || grant.state === 'active') return
    await take(ports, grant, due, refuseToEnd)
  }
}

export function* grantsDue(ports: GrantPorts, state: View, now: Instant): Generator<Due> {
  for (const grant of state.hot(grants)) {
    const step = stepOf(ports, state, grant, now)
    if (step) yield { grant, step }
  }
}

function stepOf(ports: GrantPorts, state: View, grant: Grant, now: Instant): Step | undefined {
  if (PENDING.includes(grant.state)) {
    if (!ports.personEnabled(state, grant.person)) return 'withdraw'
    if (now.wall >= lapsesAt(grant)) return 'lapse'
  }
  switch (grant.state) {
    case 'verified':
      return automaticNow(ports, state, grant, now) ? 'approve' : undefined
    case 'approved':
      return opening(grant, openingFacts(ports, state, grant), now) === 'wait' ? undefined : 'activate'
    case 'active': {
      if (!ports.personEnabled(state, grant.person)) return 'disabled'
      if (lockOn(state, grant)) return 'locked'
      const incident = grant.incident && state.get(incidents, grant.incident)
      if (incident?.status !== 'resolved' || grant.shortened || !grant.activatedAt) return undefined
      return remaining(grant.activatedAt, grant.durationMs, now) > AFTER_RESOLVED_MS ? 'shorten' : undefined
    }
    default:
      return undefined
  }
}

/** Asked again at the moment it counts: what was true at the request may not be any more. */
function automaticNow(ports: GrantPorts, state: View, grant: Grant, now: Instant): boolean {
  if (grant.approval.mode !== 'automatic' || now.wall < (grant.approval.automaticFrom ?? 0)) return false
  const stored = grant.incident && state.get(incidents, grant.incident)
  const target = ports.target(grant.target)
  const requester = ports.handleOf(grant.person)
  if (!stored || !target || requester === undefined) return false
  const rule = autoApproval(ports.incidentRecord(stored), {
    requester,
    services: target.services,
    drill: false,
    freshness: freshness(stored, now.wall),
  })
  return rule.kind === 'yes'
}

function openingFacts(ports: GrantPorts, state: View, grant: Grant) {
  return { alerted: ports.alerted(state, grant.id), personEnabled: ports.personEnabled(state, grant.person) }
}

async function take(ports: GrantPorts, grant: Grant, step: Step, endNow: EndNow): Promise<void> {
  if (step === 'disabled' || step === 'locked') return endNow(grant.id, step)
  await ports.journal.execute<unknown>((state, now) => {
    const current = state.get(grants, grant.id)
    // Another hand was faster: nothing is owed any more.
    if (!current || stepOf(ports, state, current, now) !== step) return { events: [], result: undefined }
    switch (step) {
      case 'approve':
        return approveAutomatically(state, grant.id, now)
      case 'activate':
        return activate(state, grant.id, openingFacts(ports, state, current), now)
      case 'lapse':
        return lapse(state, grant.id, now)
      case 'withdraw':
        return withdraw(state, grant.id, grant.person, 'disabled')
      case 'shorten':
        return shorten(state, grant.id, now)
    }
  })
}

/** `advance` moves requests towards opening; ending is the reactor's. */
async function refuseToEnd(): Promise<void> {
  throw new Error('advance never ends a grant')
}

function nextMoment(state: View): number | undefined {
  let next = Number.POSITIVE_INFINITY
  for (const grant of state.hot(grants)) {
    if (!PENDING.includes(grant.state)) continue
    next = Math.min(next, lapsesAt(grant))
    if (grant.approval.automaticFrom !== undefined && grant.state === 'verified')
      next = Math.min(next, grant.approval.automaticFrom)
    if (grant.state === 'approved' && grant.approvedAt)
      next = Math.min(next, grant.approvedAt.wall + grant.terms.alert.waitMs)
  }
  return Number.isFinite(next) ? next : undefined
}
