import type { Grant } from '../client/answers.ts'
import { short } from './names.ts'
import { fields, table } from './table.ts'
import type { Terminal } from './terminal.ts'
import { clock, left, span } from './times.ts'

/** One line of what a grant is and what it waits for. */
export function standing(grant: Grant): string {
  switch (grant.state) {
    case 'requested':
      return `waits for a ${grant.verify.factor} of the requester`
    case 'verified':
      return grant.approval.mode === 'automatic'
        ? 'is checked for automatic approval'
        : `waits for ${approvers(grant)}`
    case 'approved':
      return 'waits for an alert to be confirmed'
    case 'active':
      return grant.ends_at === undefined ? 'active' : `active, ${left(grant.ends_at)}`
    case 'ended':
      return `ended (${grant.end_reason ?? 'over'}), review open`
    case 'denied':
    case 'withdrawn':
    case 'lapsed':
    case 'reviewed':
    case 'closed':
      return grant.state
  }
}

/** `1 of incident-commanders, ben has agreed`. */
export function approvers({ approval }: Grant): string {
  const { from, needed, given_by } = approval
  const names = [...from.groups, ...from.people].join(' or ') || 'nobody'
  const missing = Math.max(0, needed - given_by.length)
  return `${missing === 1 ? 'one' : missing} of ${names}${given_by.length > 0 ? ` (${given_by.join(', ')} agreed)` : ''}`
}

export function grantTable(grants: readonly Grant[], terminal: Terminal): readonly string[] {
  if (grants.length === 0) return ['No grants.']
  const rows = grants.map(grant => [
    short(grant.id),
    grant.requester,
    grant.target,
    clock(grant.requested_at),
    standing(grant),
  ])
  return table(['GRANT', 'WHO', 'TARGET', 'ASKED', 'STATE'], rows, terminal.columns)
}

export function grantFields(grant: Grant): readonly string[] {
  return fields([
    ['grant', grant.id],
    ['state', standing(grant)],
    ['who', grant.requester],
    ['target', `${grant.target}, scope ${grant.scope}`],
    ['reason', grant.reason],
    ['incident', grant.incident],
    ['procedure', `${grant.procedure} (set ${grant.digest.slice(0, 12)})`],
    ['factor', `${grant.verify.factor} within ${span(grant.verify.within_ms)}`],
    [
      'approval',
      grant.approved === undefined
        ? grant.approval.why
        : `${grant.approved}${grant.approval.given_by.length > 0 ? ` by ${grant.approval.given_by.join(', ')}` : ''}`,
    ],
    ['asked', clock(grant.requested_at)],
    ['lapses', grant.lapses_at === undefined ? undefined : clock(grant.lapses_at)],
    ['active', grant.active_at === undefined ? undefined : clock(grant.active_at)],
    [
      'ends',
      grant.ends_at === undefined || grant.ended_at !== undefined
        ? undefined
        : `${clock(grant.ends_at)} (${left(grant.ends_at)})`,
    ],
    [
      'ended',
      grant.ended_at === undefined ? undefined : `${clock(grant.ended_at)} (${grant.end_reason ?? ''})`,
    ],
    ['length', span(grant.duration_ms)],
    ['extensions', grant.state === 'active' ? `${grant.extensions_left} left` : undefined],
    ['note', grant.unalerted ? 'opened although no alert channel had confirmed' : undefined],
  ])
}
