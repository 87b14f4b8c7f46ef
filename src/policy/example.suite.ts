import type { Incident } from '../kernel/incident.ts'
import type { Facts } from './facts.ts'
import type { Known } from './known.ts'
import { loadProcedures } from './load.ts'
import { problemText } from './problem.ts'
import type { ProcedureSet } from './procedure.ts'

/** What the tests of this folder share: one organisation with two targets, and a file that loads. */
export const known: Known = {
  targets: {
    'orders-db': {
      protocol: 'postgres',
      environment: 'production',
      services: ['orders', 'checkout'],
      scopes: ['repair', 'owner'],
    },
    'web-1': {
      protocol: 'ssh',
      environment: 'production',
      services: ['checkout'],
      scopes: ['operate'],
    },
    canary: { protocol: 'postgres', environment: 'drill', services: [], scopes: ['repair'] },
  },
  alerts: {
    security: [{ kind: 'webhook', at: 'soc.acme.example' }],
    pager: [{ kind: 'syslog', at: 'siem.acme.internal' }],
    page_everybody: [
      { kind: 'webhook', at: 'soc.acme.example' },
      { kind: 'syslog', at: 'siem.acme.internal' },
    ],
  },
  incidents: ['pager'],
  rules: { postgres: ['ddl', 'write_without_where', 'copy_program'], ssh: ['shell', 'power'] },
  masks: ['postgres'],
  rehearses: ['postgres'],
  countsWrites: ['postgres'],
  hosts: ['ssh'],
  groups: ['payments-oncall', 'incident-commanders', 'security'],
}

export const EXAMPLE = `procedure: orders-db-emergency
purpose: Restore ordering when the orders database is what blocks it.
targets: [orders-db]
who: { groups: [payments-oncall] }
when: >
  incident.status == "open" && incident.severity <= 2 && incident.services.exists(s, s in target.services)
verify: { factor: passkey, within: 2m }              # at elevation; an old login does not count
approval:
  automatic_when: >
    incident.trust == "signed" && incident.declared_by != requester.id &&
    incident.responders.exists(r, r.person == requester.id && r.state != "declined")
  otherwise: { from: { groups: [incident-commanders] }, count: 1, within: 10m }
  nobody: { after: 10m, factor: passkey, most: 15m, alert: page_everybody }
scope: { use: repair, refuse: [ddl, write_without_where, copy_program], writes_per_statement: 10000, mask: [{ column: "*.email", keep: domain }] }
time: { default: 30m, most: 1h, idle: 10m, extend: { times: 1, by: 30m } }
evidence: before
alert: { to: [security, pager], on: [requested, activated, denied, ended, finding], before_open: true, unalerted: open }
review: { from: { groups: [security] }, within: 48h, overdue: refuse_new_requests }
`

/** The least a file can say; later lines replace earlier ones of the same field. */
export function procedureText(fields: Readonly<Record<string, string>> = {}): string {
  const all = {
    procedure: 'least',
    purpose: 'to test',
    targets: '[orders-db]',
    who: '{ people: [ana] }',
    when: '"true"',
    approval: '{ otherwise: { from: { people: [ben] } } }',
    scope: '{ use: repair }',
    alert: '{ to: [security, pager] }',
    review: '{ from: { groups: [security] } }',
    ...fields,
  }
  return Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')
}

export function loaded(...texts: readonly string[]): ProcedureSet {
  const result = loadProcedures(
    texts.map((text, i) => ({ path: `procedures/${i}.yaml`, text })),
    known,
  )
  if (!result.ok) throw new Error(result.problems.map(problemText).join('\n'))
  return result.set
}

export const NOW = Date.UTC(2026, 0, 15, 3, 0, 0)

export const incident: Incident = {
  id: 'i_1',
  source: 'pager',
  trust: 'signed',
  status: 'open',
  severity: 1,
  services: ['orders'],
  environments: ['production'],
  responders: [{ person: 'ana', role: 'responder', state: 'accepted' }],
  declared_by: 'monitor',
  opened_at: NOW - 300_000,
  updated_at: NOW - 60_000,
  seen_at: NOW - 1000,
  drill: false,
}

export const facts: Facts = {
  requester: { id: 'ana', groups: ['payments-oncall'] },
  target: {
    name: 'orders-db',
    protocol: 'postgres',
    environment: 'production',
    services: ['orders', 'checkout'],
  },
  incident,
  request: {},
  now: NOW,
}
