/**
 * Every way something can be refused or fail, as one closed union. The public `message` says what happened, `next`
 * what the reader can do; the internal cause stays apart and is never sent out.
 */
export const FAULTS = {
  // the request itself
  'input.invalid': { status: 400, exit: 2 },
  'input.too_large': { status: 413, exit: 2 },
  not_found: { status: 404, exit: 1 },
  conflict: { status: 409, exit: 1 },
  // who
  'identity.unauthenticated': { status: 401, exit: 1 },
  'identity.step_up_required': { status: 403, exit: 1 },
  'identity.factor_refused': { status: 401, exit: 1 },
  'identity.locked_out': { status: 429, exit: 1 },
  'identity.disabled': { status: 403, exit: 1 },
  forbidden: { status: 403, exit: 1 },
  // policy and grants
  'policy.invalid': { status: 422, exit: 1 },
  'policy.not_accepted': { status: 409, exit: 1 },
  'policy.denied': { status: 403, exit: 1 },
  'policy.ambiguous': { status: 409, exit: 2 },
  'grant.state': { status: 409, exit: 1 },
  'grant.own': { status: 403, exit: 1 },
  'grant.not_active': { status: 403, exit: 1 },
  'grant.limit': { status: 429, exit: 1 },
  locked: { status: 423, exit: 1 },
  'review.overdue': { status: 403, exit: 1 },
  // incidents
  'incident.signature': { status: 401, exit: 1 },
  'incident.invalid': { status: 422, exit: 1 },
  // evidence
  'ledger.full': { status: 507, exit: 3 },
  'ledger.failed': { status: 503, exit: 3 },
  'ledger.damaged': { status: 500, exit: 1 },
  'ledger.too_large': { status: 413, exit: 1 },
  'ledger.in_use': { status: 503, exit: 3 },
  'evidence.erased': { status: 410, exit: 1 },
  // targets and sessions
  'target.unknown': { status: 404, exit: 1 },
  'target.unreachable': { status: 503, exit: 3 },
  'target.misconfigured': { status: 502, exit: 1 },
  'session.refused': { status: 403, exit: 1 },
  'session.ended': { status: 410, exit: 1 },
  'protocol.violation': { status: 400, exit: 1 },
  // the process
  'config.invalid': { status: 500, exit: 2 },
  unavailable: { status: 503, exit: 3 },
  internal: { status: 500, exit: 1 },
} as const

export type FaultCode = keyof typeof FAULTS

export interface FaultDetail {
  /** What the reader can do now, one sentence. */
  readonly next?: string
  /** Facts a program may want; never secrets, sent out with the fault. */
  readonly facts?: Readonly<Record<string, unknown>>
  /** Internal cause: logged here, never sent out. */
  readonly cause?: unknown
}

/** A refusal or failure. Decisions return it; operations throw it. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  readonly next: string | undefined
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: FaultCode, message: string, detail: FaultDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.code = code
    this.next = detail.next
    this.facts = detail.facts ?? {}
  }

  get status(): number {
    return FAULTS[this.code].status
  }
}

export function isFault(value: unknown, code?: FaultCode): value is Fault {
  return value instanceof Fault && (code === undefined || value.code === code)
}
