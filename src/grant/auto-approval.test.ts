import { describe, expect, it } from 'vitest'
import type { Incident } from '../kernel/incident.ts'
import { type AutoApprovalFacts, autoApproval } from './auto-approval.ts'

const INCIDENT: Incident = {
  id: 'i_1',
  source: 'pager',
  trust: 'signed',
  status: 'open',
  severity: 1,
  services: ['orders'],
  environments: ['production'],
  responders: [{ person: 'ana', role: 'responder', state: 'accepted' }],
  declared_by: 'machine',
  opened_at: 0,
  updated_at: 0,
  seen_at: 0,
  drill: false,
}
const FACTS: AutoApprovalFacts = {
  requester: 'ana',
  services: ['orders', 'checkout'],
  drill: false,
  freshness: { kind: 'fresh' },
}

describe('the automatic rule holds only if all of it holds', () => {
  it('lets the responder of a signed, open, fresh incident in', () => {
    expect(autoApproval(INCIDENT, FACTS).kind).toBe('yes')
  })

  const no: readonly [string, Partial<Incident> | undefined, Partial<AutoApprovalFacts>][] = [
    ['no incident', undefined, {}],
    ['a source that does not sign', { trust: 'unsigned' }, {}],
    ['a self-declared incident', { trust: 'self' }, {}],
    ['a mitigated incident', { status: 'mitigated' }, {}],
    ['a resolved incident', { status: 'resolved' }, {}],
    ['an incident of another service', { services: ['payments'] }, {}],
    ['an incident without services (requirement 7)', { services: [] }, {}],
    ['a target without services (requirement 7)', {}, { services: [] }],
    ['no responders (requirement 7)', { responders: [] }, {}],
    [
      'somebody else as responder',
      { responders: [{ person: 'ben', role: 'responder', state: 'accepted' }] },
      {},
    ],
    [
      'a responder who declined',
      { responders: [{ person: 'ana', role: 'responder', state: 'declined' }] },
      {},
    ],
    [
      'a responder who declined one of two roles',
      {
        responders: [
          { person: 'ana', role: 'lead', state: 'accepted' },
          { person: 'ana', role: 'responder', state: 'declined' },
        ],
      },
      {},
    ],
    ['the requester as declarer', { declared_by: 'ana' }, {}],
    ['a declarer nobody knows', { declared_by: 'unknown' }, {}],
    ['a drill for a real request', { drill: true }, {}],
    ['a real incident for a drill', {}, { drill: true }],
    ['a stale incident', {}, { freshness: { kind: 'stale', why: 'old' } }],
  ]
  it.each(no)('refuses %s', (_, change, facts) => {
    const incident = change && { ...INCIDENT, ...change }
    expect(autoApproval(incident, { ...FACTS, ...facts })).toMatchObject({
      kind: 'no',
      why: expect.any(String),
    })
  })

  it('waits for an incident that could still be corrected', () => {
    const young = { ...FACTS, freshness: { kind: 'young', waitMs: 12_000 } } as const
    expect(autoApproval(INCIDENT, young)).toMatchObject({ kind: 'wait', waitMs: 12_000 })
  })

  it('takes an incident that was fetched from its source as signed', () => {
    expect(autoApproval({ ...INCIDENT, trust: 'fetched' }, FACTS).kind).toBe('yes')
  })
})
