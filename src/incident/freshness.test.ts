import { describe, expect, it } from 'vitest'
import { freshness, OLDEST_MS, YOUNGEST_MS } from './freshness.ts'
import type { StoredIncident } from './stored-incident.ts'

const NOW = Date.UTC(2026, 10, 19, 1, 14, 6)
const known = (more: Partial<StoredIncident>): StoredIncident => ({
  id: 'i_1',
  source: 'pager',
  external: 'x',
  trust: 'signed',
  status: 'open',
  severity: 1,
  services: ['orders'],
  environments: [],
  responders: [],
  declaredBy: 'machine',
  drill: false,
  openedAt: NOW - OLDEST_MS,
  updatedAt: NOW,
  recordedAt: NOW - 60_000,
  seenAt: NOW - 60_000,
  entry: 1,
  messages: [],
  ...more,
})

describe('freshness', () => {
  it('waits until we have known it for thirty seconds, whatever the source says of its beginning', () => {
    expect(freshness(known({ recordedAt: NOW - 1_000 }), NOW)).toEqual({
      kind: 'young',
      waitMs: YOUNGEST_MS - 1_000,
    })
    expect(freshness(known({ recordedAt: NOW - YOUNGEST_MS }), NOW)).toEqual({ kind: 'fresh' })
  })

  it('is stale once nothing was heard of it for twelve hours, and as soon as it is resolved', () => {
    expect(freshness(known({ seenAt: NOW - OLDEST_MS }), NOW).kind).toBe('fresh')
    expect(freshness(known({ seenAt: NOW - OLDEST_MS - 1 }), NOW).kind).toBe('stale')
    expect(freshness(known({ status: 'resolved' }), NOW).kind).toBe('stale')
  })
})
