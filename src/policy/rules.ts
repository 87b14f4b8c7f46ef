import { formatDuration } from '../kernel/duration.ts'
import type { Condition, Verdict } from './condition.ts'
import type { Variables } from './expression.ts'
import { type Facts, whyUnreadable } from './facts.ts'
import type { LoadedProcedure } from './procedure.ts'

/** What one rule of one procedure said. */
export interface Step {
  readonly procedure: string
  readonly rule: RuleName
  readonly ok: boolean
  /** One sentence without a full stop. */
  readonly why: string
}

/** `host` tells what the scope says of one; nothing is decided by it. */
export type RuleName = 'who' | 'drill' | 'duration' | 'when' | 'approval' | 'host'

/** Facts made ready once per decision, whatever the number of procedures. */
export interface Case {
  readonly facts: Facts
  readonly groups: ReadonlySet<string>
  readonly variables: Variables
  /** Why conditions are not evaluated at all: they then count as no. */
  readonly unreadable: string | undefined
}

export function prepare(facts: Facts): Case {
  const { requester, target, incident, request, now } = facts
  return {
    facts,
    groups: new Set(requester.groups),
    variables: { requester, target, incident, request: { duration: request.durationMs ?? 0 }, now },
    unreadable: whyUnreadable(facts),
  }
}

/** Deciding and saying why are apart: most decisions need few of the words. The words never name the requester. */
export interface Rule {
  readonly name: RuleName
  readonly check: (procedure: LoadedProcedure, at: Case) => Verdict
  readonly why: (procedure: LoadedProcedure, at: Case, verdict: Verdict) => string
}

const YES: Verdict = { holds: true }
const NO: Verdict = { holds: false }

const who: Rule = {
  name: 'who',
  check({ values }, { facts, groups }) {
    if (values.who.people.includes(facts.requester.id)) return YES
    for (const group of values.who.groups) if (groups.has(group)) return YES
    return NO
  },
  why({ values }, { facts, groups }, { holds }) {
    const { id } = facts.requester
    const { people } = values.who
    if (holds)
      return people.includes(id)
        ? 'the requester is named'
        : `the requester is in ${values.who.groups.find(group => groups.has(group))}`
    if (people.length === 0 && values.who.groups.length === 0) return 'who names nobody'
    if (values.who.groups.length === 0) return 'the requester is not named'
    return `the requester is not named and not in ${values.who.groups.join(' or ')}`
  },
}

const drill: Rule = {
  name: 'drill',
  check: ({ values }, { facts }) => (facts.requester.drill !== true || values.drill ? YES : NO),
  why(_procedure, { facts }, { holds }) {
    if (!holds) return 'drill identities satisfy only procedures with drill: true'
    return facts.requester.drill === true
      ? 'a drill identity and a procedure for drills'
      : 'not a drill identity'
  },
}

const duration: Rule = {
  name: 'duration',
  check({ values }, { facts }) {
    const wanted = facts.request.durationMs
    if (wanted === undefined) return YES
    return isTime(wanted) && wanted <= values.time.mostMs ? YES : NO
  },
  why({ values }, { facts }, { holds }) {
    const wanted = facts.request.durationMs
    const most = formatDuration(values.time.mostMs)
    if (wanted === undefined) return `the default of ${formatDuration(values.time.defaultMs)}`
    if (!isTime(wanted)) return 'the duration asked for is not a time'
    return holds
      ? `${formatDuration(wanted)} of at most ${most}`
      : `${formatDuration(wanted)} is longer than the ${most} it allows`
  },
}

const when: Rule = {
  name: 'when',
  check: (procedure, at) => evaluate(procedure.when, procedure, at),
  why({ when: { brief } }, _at, { holds, error }) {
    if (holds) return 'its condition holds'
    if (error !== undefined) return `its condition cannot be evaluated and counts as no: ${error}`
    return `its condition does not hold: ${brief}`
  },
}

/** What all must hold before a procedure applies, cheapest first. `decide` stops at the first that does not, `explain` goes on. */
export const RULES: readonly Rule[] = [who, drill, duration, when]

export function stepOf(rule: Rule, procedure: LoadedProcedure, at: Case, verdict: Verdict): Step {
  return {
    procedure: procedure.name,
    rule: rule.name,
    ok: verdict.holds,
    why: rule.why(procedure, at, verdict),
  }
}

/** Milliseconds a grant under this procedure would last: what was asked for, or the default. */
export function wantedMs({ values }: LoadedProcedure, { facts }: Case): number {
  return facts.request.durationMs ?? values.time.defaultMs
}

/** Evaluates with everything a condition may see; nothing but `true` holds. */
export function evaluate(condition: Condition, procedure: LoadedProcedure, at: Case): Verdict {
  if (at.unreadable !== undefined) return { holds: false, error: at.unreadable }
  const { variables } = at
  const duration = wantedMs(procedure, at)
  const seen = condition.readsRequest ? { ...variables, request: { duration } } : variables
  const verdict = condition.evaluate(seen)
  const unbound = verdict.error !== undefined && condition.readsIncident && at.facts.incident === undefined
  return unbound ? { holds: false, error: 'it reads the incident and none is named' } : verdict
}

function isTime(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms > 0
}
