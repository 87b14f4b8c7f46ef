import { performance } from 'node:perf_hooks'
import type { Incident } from '../src/kernel/incident.ts'
import { decide } from '../src/policy/decide.ts'
import type { Facts } from '../src/policy/facts.ts'
import type { Known } from '../src/policy/known.ts'
import { loadProcedures } from '../src/policy/load.ts'
import { keep, table } from './machine.ts'

/**
 * Median time of one `decide` over a set of 50 procedures. `same target`: all 50 open the target and every rule of each is
 * evaluated, conditions included. `spread`: 50 targets, one procedure each. No two conditions have the same text.
 */

const PROCEDURES = 50
const NOW = Date.UTC(2026, 0, 15, 3)

const targets = Array.from({ length: PROCEDURES }, (_, i) => `db-${i}`)
const known: Known = {
  targets: Object.fromEntries(
    targets.map(name => [
      name,
      {
        protocol: 'postgres',
        environment: 'production',
        services: ['orders', 'checkout'],
        scopes: ['repair'],
      },
    ]),
  ),
  alerts: {
    security: [
      { kind: 'webhook', at: 'soc' },
      { kind: 'syslog', at: 'siem' },
    ],
  },
  incidents: ['pager'],
  rules: { postgres: [] },
}

const incident: Incident = {
  id: 'i_1',
  source: 'pager',
  trust: 'signed',
  status: 'open',
  severity: 1,
  services: ['payments', 'orders'],
  environments: ['production'],
  responders: [
    { person: 'ben', role: 'commander', state: 'accepted' },
    { person: 'ana', role: 'responder', state: 'accepted' },
  ],
  declared_by: 'monitor',
  opened_at: NOW - 300_000,
  updated_at: NOW - 60_000,
  seen_at: NOW - 1000,
  drill: false,
}

const facts: Facts = {
  requester: { id: 'ana', groups: ['engineering', 'payments-oncall', 'everybody'] },
  target: { name: 'db-0', protocol: 'postgres', environment: 'production', services: ['orders', 'checkout'] },
  incident,
  request: { durationMs: 1_200_000 },
  now: NOW,
}

/** Where all open one target, the condition of all but the last is evaluated to its end and then refuses. */
function text(i: number, opens: string, holds: boolean): string {
  const severity = holds ? 2 + i : -1 - i
  return `procedure: p${i}
purpose: measured
targets: [${opens}]
who: { groups: [payments-oncall] }
when: >
  incident.status == "open" && incident.services.exists(s, s in target.services) && incident.severity <= ${severity}
approval:
  automatic_when: >
    incident.trust == "signed" && incident.declared_by != requester.id &&
    incident.responders.exists(r, r.person == requester.id && r.state != "declined")
  otherwise: { from: { groups: [commanders] } }
scope: { use: repair }
alert: { to: [security] }
review: { from: { groups: [security] } }
`
}

interface Measured {
  readonly case: string
  /** Microseconds of one decision: mean of 50 in a row, over 400 such rounds. */
  readonly medianUs: number
  readonly p95Us: number
  /** Milliseconds to load all 50, cold. */
  readonly loadMs: number
}

function measure(
  name: string,
  opens: (i: number) => string,
  holds: (i: number) => boolean,
  given = facts,
): Measured {
  const files = targets.map((_, i) => ({ path: `${i}.yaml`, text: text(i, opens(i), holds(i)) }))
  const started = performance.now()
  const result = loadProcedures(files, known)
  const loadMs = performance.now() - started
  if (!result.ok) throw new Error(JSON.stringify(result.problems[0]))
  const wanted = given.incident === undefined ? 'denied' : 'allowed'
  if (decide(result.set, given).kind !== wanted) throw new Error('the measured decision is not the one meant')

  const rounds: number[] = []
  for (let round = 0; round < 400; round++) {
    const begin = performance.now()
    for (let i = 0; i < 50; i++) decide(result.set, given)
    rounds.push(((performance.now() - begin) / 50) * 1000)
  }
  rounds.sort((a, b) => a - b)
  const at = (share: number): number =>
    Number((rounds[Math.floor(rounds.length * share)] ?? Number.NaN).toFixed(1))
  return { case: name, medianUs: at(0.5), p95Us: at(0.95), loadMs: Math.round(loadMs) }
}

const last = (i: number): boolean => i === PROCEDURES - 1
const results = [
  measure('same target', () => 'db-0', last),
  measure('same target, no incident', () => 'db-0', last, { ...facts, incident: undefined }),
  measure(
    'spread',
    i => `db-${i}`,
    () => true,
  ),
]
console.log(
  table([
    ['case', 'median µs', 'p95 µs', 'load ms'],
    ...results.map(one => [one.case, one.medianUs, one.p95Us, one.loadMs]),
  ]),
)
keep('policy', results)
