import type { Instant } from '../kernel/clock.ts'
import type { GrantId, IncidentId, PersonId } from '../kernel/ids.ts'
import type { Approval, Terms } from '../policy/terms.ts'
import type { GrantState } from './states.ts'

export type EndReason = 'expired' | 'revoked' | 'completed' | 'locked' | 'disabled' | 'incident_resolved'

/** How the request gets its yes. `automaticFrom`: an incident younger than 30 s is waited for until this wall time. */
export interface ApprovalPlan {
  readonly mode: 'automatic' | 'people'
  readonly ask: Approval
  /** Why it is automatic, or why it is not although the procedure would allow it. */
  readonly why?: string
  readonly automaticFrom?: number
}

export interface Credential {
  readonly id: string
  /** Login name for native clients; the secret is shown once and kept as a verifier in the vault. */
  readonly login: string
}

/** Folded from events; leaf fields only. */
export interface Grant {
  readonly id: GrantId
  readonly state: GrantState
  readonly person: PersonId
  readonly target: string
  readonly scope: string
  readonly incident?: IncidentId
  readonly terms: Terms
  readonly approval: ApprovalPlan
  readonly requestedAt: Instant
  /** Index of the request in the control log: its payload holds the reason. */
  readonly entry: number
  readonly verifiedAt?: Instant
  readonly approvedAt?: Instant
  readonly approvedBy: readonly PersonId[]
  readonly approvalMode?: 'automatic' | 'people' | 'nobody'
  readonly activatedAt?: Instant
  /** From activation; grows by extension, shrinks when the incident resolves. */
  readonly durationMs: number
  readonly extensions: number
  /** The incident resolved and took time away; the end then says so. */
  readonly shortened: boolean
  readonly unalerted: boolean
  readonly endedAt?: Instant
  readonly endReason?: EndReason
  readonly credentials: readonly Credential[]
  /** The login at the target, named before it is created so that a crash leaves nothing unknown behind. */
  readonly targetLogin?: LoginAtTarget
  /** Logins that were named before `targetLogin` and may exist: the target could not be asked whether they do. */
  readonly leftLogins: readonly string[]
}

export interface LoginAtTarget {
  readonly name: string
  readonly dropped: boolean
  /** Not made for this grant but woken for it: at the end it stays, with nothing running under it. */
  readonly dormant: boolean
}

/** Logins of this grant that are still to be taken away at the target. */
export function loginsToEnd(grant: Grant): readonly LoginAtTarget[] {
  const { targetLogin, leftLogins } = grant
  const left = leftLogins.map(name => ({ name, dropped: false, dormant: false }))
  return targetLogin?.dropped === false ? [targetLogin, ...left] : left
}

/** Wall ms at which an active grant ends by the wall clock; the monotonic clock may end it earlier. */
export function endsAt(grant: Grant): number | undefined {
  return grant.activatedAt && grant.activatedAt.wall + grant.durationMs
}
