import { formatDuration } from '../kernel/duration.ts'
import type { Condition, Verdict } from './condition.ts'
import { type Visible, visible, withDuration } from './environment.ts'
import type { Facts } from './facts.ts'
import type { LoadedProcedure } from './procedure.ts'

/** What one rule of one procedure said. */
export interface Step {
  readonly procedure: string
  readonly rule: RuleName
  readonly ok: boolean
  /** One sentence without a full stop. */
  readonly why: string
}

export type RuleName = 'who' | 'drill' | 'when' | 'duration' | 'approval'

/** Facts made ready once per decision, whatever the number of procedures. */
export interface Case {
  readonly facts: Facts
  readonly groups: ReadonlySet<string>
  readonly visible: Visible
  /** Why conditions are not evaluated at all: they then count as no. */
  readonly unreadable: string | undefined
}

export function prepare(facts: Facts): Case {
  return {
    facts,
    groups: new Set(facts.requester.groups),
    visible: visible(facts),
    unreadable: tooLarge(facts),
  }
}

interface Rule {
  readonly name: RuleName
  readonly check: (procedure: LoadedProcedure, at: Case) => Finding
}

export interface Finding {
  readonly ok: boolean
  readonly why: string
}

/** What all must hold before a procedure applies, cheapest first. `decide` stops at the first that does not, `explain` goes on. */
export const RULES: readonly Rule[] = [
  { name: 'who', check: ({ values }, at) => who(values.who, at) },
  { name: 'drill', check: ({ values }, at) => drill(values.drill, at.facts) },
  { name: 'duration', check: ({ values }, at) => duration(values.time, at.facts) },
  { name: 'when', check: (procedure, at) => when(procedure, at) },
]

/** Milliseconds a grant under this procedure would last: what was asked for, or the default. */
export function wantedMs({ values }: LoadedProcedure, { facts }: Case): number {
  return facts.request.durationMs ?? values.time.defaultMs
}

/** Evaluates with everything a condition may see; nothing but `true` holds. */
export function evaluate(condition: Condition, procedure: LoadedProcedure, at: Case): Verdict {
  if (at.unreadable !== undefined) return { holds: false, error: at.unreadable }
  const seen = condition.readsRequest ? withDuration(at.visible, wantedMs(procedure, at)) : at.visible
  const verdict = condition.evaluate(seen)
  const unbound = verdict.error !== undefined && condition.readsIncident && at.facts.incident === undefined
  return unbound ? { holds: false, error: 'it reads the incident and none is named' } : verdict
}

function who(allowed: LoadedProcedure['values']['who'], { facts, groups }: Case): Finding {
  const { id } = facts.requester
  if (allowed.people.includes(id)) return { ok: true, why: `${id} is named` }
  for (const group of allowed.groups) if (groups.has(group)) return { ok: true, why: `${id} is in ${group}` }
  if (allowed.people.length === 0 && allowed.groups.length === 0)
    return { ok: false, why: 'who names nobody' }
  return {
    ok: false,
    why: `${id} is not named and in none of the groups ${allowed.groups.join(', ') || '(none named)'}`,
  }
}

function drill(forDrills: boolean, { requester }: Facts): Finding {
  if (requester.drill !== true) return { ok: true, why: 'not a drill identity' }
  if (forDrills) return { ok: true, why: 'a drill identity and a procedure for drills' }
  return { ok: false, why: 'drill identities satisfy only procedures with drill: true' }
}

function duration({ defaultMs, mostMs }: LoadedProcedure['values']['time'], { request }: Facts): Finding {
  const wanted = request.durationMs
  if (wanted === undefined) return { ok: true, why: `the default of ${formatDuration(defaultMs)}` }
  if (!Number.isSafeInteger(wanted) || wanted <= 0)
    return { ok: false, why: 'the duration asked for is not a time' }
  if (wanted <= mostMs)
    return { ok: true, why: `${formatDuration(wanted)} of at most ${formatDuration(mostMs)}` }
  return {
    ok: false,
    why: `${formatDuration(wanted)} is longer than the ${formatDuration(mostMs)} it allows`,
  }
}

function when(procedure: LoadedProcedure, at: Case): Finding {
  const { holds, error } = evaluate(procedure.when, procedure, at)
  if (holds) return { ok: true, why: 'its condition holds' }
  if (error !== undefined)
    return { ok: false, why: `its condition cannot be evaluated and counts as no: ${error}` }
  return { ok: false, why: `its condition does not hold: ${short(procedure.when.text)}` }
}

export function short(text: string): string {
  const flat = text.replace(/\s+/g, ' ')
  return flat.length > 160 ? `${flat.slice(0, 159)}…` : flat
}

const ENTRIES = 200
const GROUPS = 1000
const CHARACTERS = 500

/** Incidents come from outside: bounded lists and texts keep every condition within milliseconds. */
function tooLarge({ incident, requester, target }: Facts): string | undefined {
  if (requester.groups.length > GROUPS) return `the requester is in more than ${GROUPS} groups`
  if (target.services.length > ENTRIES) return `the target has more than ${ENTRIES} services`
  if (incident === undefined) return undefined
  if (!Number.isSafeInteger(incident.severity)) return 'the severity of the incident is not a whole number'
  const { services, environments, responders } = incident
  if (services.length > ENTRIES || environments.length > ENTRIES || responders.length > ENTRIES) {
    return `the incident lists more than ${ENTRIES} services, environments or responders`
  }
  const long = (text: string): boolean => text.length > CHARACTERS
  const texts =
    services.some(long) ||
    environments.some(long) ||
    [incident.id, incident.source, incident.declared_by, incident.url ?? ''].some(long)
  if (texts || responders.some(({ person, role }) => long(person) || long(role)))
    return `the incident holds a text of more than ${CHARACTERS} characters`
  return undefined
}
