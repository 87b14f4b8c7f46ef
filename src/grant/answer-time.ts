import type { Grant } from './grant.ts'

/** Wall ms until which a pending request can be answered; then it lapses (requirement 8). */
export function lapsesAt(grant: Grant): number {
  if (grant.state === 'requested')
    return grant.requestedAt.wall + Math.max(grant.terms.verify.withinMs, 120_000)
  const since = (grant.verifiedAt ?? grant.requestedAt).wall
  const { ask } = grant.approval
  if (grant.state === 'approved') return (grant.approvedAt?.wall ?? since) + 5 * 60_000
  // With `nobody` the requester gets the answering time once more to come back and open it.
  return since + (ask.nobody ? Math.max(ask.withinMs, ask.nobody.afterMs + ask.withinMs) : ask.withinMs)
}
