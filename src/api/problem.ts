import { HTTPException } from 'hono/http-exception'
import { Fault, FAULTS, type FaultCode } from '../kernel/faults.ts'

/** RFC 9457 §3.1, with what our clients add to the reader's understanding: `code` for programs, `next` for people. */
export interface Problem {
  /** `urn:breakglass:fault:<code>`; the code is the contract, nothing lies behind the name. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: FaultCode
  readonly next?: string
  readonly facts?: Readonly<Record<string, unknown>>
}

const TITLES: Record<FaultCode, string> = {
  'input.invalid': 'The request is not understood',
  'input.too_large': 'The request is too large',
  not_found: 'There is no such thing',
  conflict: 'Something else was faster',
  'identity.unauthenticated': 'Nobody is signed in',
  'identity.step_up_required': 'A fresh factor is needed',
  'identity.factor_refused': 'The factor was refused',
  'identity.locked_out': 'Too many attempts',
  'identity.disabled': 'The person is disabled',
  forbidden: 'Not allowed',
  'policy.invalid': 'The procedures are not valid',
  'policy.not_accepted': 'The procedures are not accepted',
  'policy.denied': 'No procedure allows it',
  'policy.ambiguous': 'Several procedures match',
  'grant.state': 'The grant is in another state',
  'grant.own': 'Nobody answers their own request',
  'grant.not_active': 'The grant is not active',
  'grant.limit': 'A limit is reached',
  locked: 'Locked',
  'review.overdue': 'A review is overdue',
  'incident.signature': 'The signature is wrong',
  'incident.invalid': 'The message is not understood',
  'ledger.full': 'There is no space for evidence',
  'ledger.failed': 'Evidence cannot be written',
  'ledger.damaged': 'The evidence is damaged',
  'ledger.too_large': 'The entry is too large',
  'ledger.in_use': 'The data is in use',
  'evidence.erased': 'The content was erased',
  'target.unknown': 'There is no such target',
  'target.unreachable': 'The target is not reachable',
  'target.misconfigured': 'The target is not set up',
  'session.refused': 'The session was refused',
  'session.ended': 'The session has ended',
  'protocol.violation': 'The protocol was violated',
  'config.invalid': 'The configuration is not valid',
  unavailable: 'Not available now',
  internal: 'Something broke here',
}

export const PROBLEM_TYPE = 'application/problem+json'

export function problemOf(fault: Fault): Problem {
  return {
    type: `urn:breakglass:fault:${fault.code}`,
    title: TITLES[fault.code],
    status: FAULTS[fault.code].status,
    detail: fault.message,
    code: fault.code,
    ...(fault.next === undefined ? {} : { next: fault.next }),
    ...(Object.keys(fault.facts).length === 0 ? {} : { facts: fault.facts }),
  }
}

/** Whatever was thrown, as a fault. What nobody foresaw becomes `internal`, and its text stays inside (`cause`). */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error
  if (error instanceof HTTPException && error.status < 500)
    return new Fault(
      error.status === 413 ? 'input.too_large' : 'input.invalid',
      error.message || 'The request is not understood.',
      { cause: error },
    )
  return new Fault('internal', 'Something went wrong in the server; it was noted there.', {
    next: 'Try again; if it stays, give your administrator the time of the attempt.',
    cause: error,
  })
}

export function problemResponse(fault: Fault): Response {
  const problem = problemOf(fault)
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' }
  if (problem.status === 401) headers['www-authenticate'] = 'Bearer realm="breakglass"'
  // What was not read of a body that is too large is still on its way: the connection cannot serve another request.
  if (problem.status === 413) headers['connection'] = 'close'
  const seconds = fault.facts['retry_after']
  if (typeof seconds === 'number') headers['retry-after'] = String(Math.ceil(seconds))
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}
