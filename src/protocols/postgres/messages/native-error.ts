import type { Fault, FaultCode } from '../../../kernel/faults.ts'
import type { Objection, SessionEnd } from '../../../target/action.ts'
import { errorResponse, noticeResponse } from './encode.ts'

/** SQLSTATE codes we answer with (PostgreSQL documentation, appendix "Error Codes"). */
export const SQLSTATE = {
  protocolViolation: '08P01',
  connectionFailure: '08006',
  invalidAuthorization: '28000',
  invalidPassword: '28P01',
  invalidParameter: '22023',
  insufficientPrivilege: '42501',
  invalidCatalog: '3D000',
  tooManyConnections: '53300',
  cannotConnectNow: '57P03',
  adminShutdown: '57P01',
} as const

/**
 * A refused statement: the connection lives on. The message names the rule, the position what in the statement, the detail who
 * says so (`because`), the hint the way out.
 */
export function refusalError({ what, rule, next, at }: Objection, because: string | undefined): Buffer {
  return errorResponse({
    severity: 'ERROR',
    code: SQLSTATE.insufficientPrivilege,
    message: `breakglass: ${what} (rule ${rule})`,
    ...(because !== undefined && { detail: because }),
    hint: next,
    ...(at !== undefined && { position: at }),
  })
}

/** The last words of a session: nothing follows but the end of the connection. */
export function endError(end: SessionEnd): Buffer {
  const code = end.reason === 'violation' ? SQLSTATE.protocolViolation : SQLSTATE.adminShutdown
  return errorResponse({ severity: 'FATAL', code, message: end.text })
}

export function fatal(code: string, message: string, hint?: string): Buffer {
  return errorResponse({ severity: 'FATAL', code, message, ...(hint === undefined ? {} : { hint }) })
}

/** A sentence to read, such as the warning five minutes before the end. */
export function warningNotice(text: string): Buffer {
  return noticeResponse({ severity: 'NOTICE', code: '00000', message: text })
}

const CODE_OF_FAULT: Partial<Record<FaultCode, string>> = {
  'target.unreachable': SQLSTATE.connectionFailure,
  'target.misconfigured': SQLSTATE.connectionFailure,
  'grant.limit': SQLSTATE.tooManyConnections,
  'ledger.full': SQLSTATE.cannotConnectNow,
  'ledger.failed': SQLSTATE.cannotConnectNow,
  'protocol.violation': SQLSTATE.protocolViolation,
  unavailable: SQLSTATE.cannotConnectNow,
}

/** A connection refused after the login was proven. Carries the public text of the fault only. */
export function faultError(fault: Fault): Buffer {
  return fatal(CODE_OF_FAULT[fault.code] ?? SQLSTATE.insufficientPrivilege, fault.message, fault.next)
}
