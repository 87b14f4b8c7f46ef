import type { StoredIncident } from './stored-incident.ts'

/** An incident we have known for less than this may still be corrected by its source. */
export const YOUNGEST_MS = 30_000
/** A pushed, unresolved incident is believed for this long after it was last heard of. */
export const OLDEST_MS = 12 * 3_600_000

export type Freshness =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'young'; readonly waitMs: number }
  | { readonly kind: 'stale'; readonly why: string }

/**
 * The ageing rule of pushed incidents (INTEGRATIONS). Youth counts from when *we* first heard of it: the source's own
 * `opened_at` can be set back by whoever declares it. Age counts from when we last did. `now`: wall ms of the log's clock. Pure.
 */
export function freshness(incident: StoredIncident, now: number): Freshness {
  if (incident.status === 'resolved') return { kind: 'stale', why: 'the incident is resolved' }
  if (now - incident.seenAt > OLDEST_MS)
    return { kind: 'stale', why: 'the incident was last heard of more than 12 h ago' }
  const waitMs = incident.recordedAt + YOUNGEST_MS - now
  return waitMs > 0 ? { kind: 'young', waitMs } : { kind: 'fresh' }
}
