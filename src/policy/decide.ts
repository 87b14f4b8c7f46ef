import { prepare, RULES, type Case, type Step, evaluate, stepOf, wantedMs } from './rules.ts'
import type { Facts } from './facts.ts'
import { hostStep } from './host-step.ts'
import type { LoadedProcedure, ProcedureSet } from './procedure.ts'
import type { Approval, Terms } from './terms.ts'

export type Ruling = Allowed | Denied | Ambiguous

/** One procedure applies. It is not yet a grant: identity, approval and evidence are still to come. */
export interface Allowed {
  readonly kind: 'allowed'
  readonly terms: Terms
  readonly durationMs: number
  readonly approval: Automatic | AskPeople
  readonly steps: readonly Step[]
}

/** The procedure would let them in at once. Whether the incident's record is good enough for that is decided in grant/. */
export interface Automatic {
  readonly mode: 'automatic'
  readonly why: string
  /** Whom to ask when the record turns out not to be good enough; undefined means nobody can be asked. */
  readonly otherwise: Approval | undefined
}

export interface AskPeople {
  readonly mode: 'people'
  readonly why: string
  readonly ask: Approval
}

export interface Denied {
  readonly kind: 'denied'
  /** The first rule that did not hold, of the procedure that came furthest, in one sentence. */
  readonly why: string
  /** What the requester can do now. */
  readonly next: string
  readonly steps: readonly Step[]
}

/** Several apply. Rights are never united: the requester says which. */
export interface Ambiguous {
  readonly kind: 'ambiguous'
  readonly procedures: readonly string[]
  readonly next: string
  readonly steps: readonly Step[]
}

/**
 * Which procedure, if exactly one, lets this requester ask for this target now. Pure; `chosen` is the `--procedure` of the
 * request. Fails closed: no procedure, an empty `who`, a condition that cannot be evaluated all mean no. The steps say of
 * each procedure the first rule that does not hold, and of the one that applies every rule; `explain` says all.
 */
export function decide(set: ProcedureSet, facts: Facts, chosen?: string): Ruling {
  const candidates = candidatesFor(set, facts.target.name, chosen)
  if ('kind' in candidates) return candidates
  const at = prepare(facts)
  const steps: Step[] = []
  const applicable: LoadedProcedure[] = []
  let furthest: { readonly step: Step; readonly rule: number } | undefined

  for (const procedure of candidates) {
    const failed = firstFailure(procedure, at)
    if (failed === undefined) {
      applicable.push(procedure)
      continue
    }
    steps.push(failed.step)
    if (furthest === undefined || failed.rule > furthest.rule) furthest = failed
  }

  const [only, another] = applicable
  if (only === undefined) return denied(facts, furthest?.step, steps)
  if (another !== undefined) {
    const procedures = applicable.map(({ name }) => name)
    return {
      kind: 'ambiguous',
      procedures,
      next: `Choose one: --procedure ${procedures.join(' or --procedure ')}.`,
      steps,
    }
  }
  return allow(only, at, steps)
}

function firstFailure(
  procedure: LoadedProcedure,
  at: Case,
): { readonly step: Step; readonly rule: number } | undefined {
  let index = 0
  for (const rule of RULES) {
    const verdict = rule.check(procedure, at)
    if (!verdict.holds) return { step: stepOf(rule, procedure, at, verdict), rule: index }
    index++
  }
  return undefined
}

/** The procedures to look at, or why there is none. */
export function candidatesFor(
  set: ProcedureSet,
  target: string,
  chosen: string | undefined,
): readonly LoadedProcedure[] | Denied {
  const all = set.byTarget.get(target) ?? []
  if (all.length === 0) {
    return refuse(
      `No procedure opens ${target}`,
      'Ask the owners to add one, or look for another target with `breakglass policy explain`.',
      [],
    )
  }
  if (chosen === undefined) return all
  const named = all.filter(({ name }) => name === chosen)
  if (named.length > 0) return named
  const exists = set.procedures.has(chosen)
  return refuse(
    exists ? `Procedure ${chosen} does not open ${target}` : `There is no procedure ${chosen}`,
    `Leave --procedure out or name one that opens it: ${all.map(({ name }) => name).join(', ')}.`,
    [],
  )
}

const PASSED = { holds: true }

function allow(procedure: LoadedProcedure, at: Case, before: readonly Step[]): Allowed | Denied {
  const approval = approvalOf(procedure, at)
  const ok = approval.kind !== 'nobody'
  const passed = RULES.map(rule => stepOf(rule, procedure, at, PASSED))
  const steps = [
    ...before,
    ...passed,
    { procedure: procedure.name, rule: 'approval' as const, ok, why: approval.why },
    ...hostStep(procedure),
  ]
  if (approval.kind === 'nobody') {
    return refuse(
      `${procedure.name}: ${approval.why}`,
      'Ask the owners to name approvers in approval.otherwise.from.',
      steps,
    )
  }
  return {
    kind: 'allowed',
    terms: procedure.terms,
    durationMs: wantedMs(procedure, at),
    approval: approval.approval,
    steps,
  }
}

type ApprovalFinding =
  | { readonly kind: 'some'; readonly why: string; readonly approval: Automatic | AskPeople }
  | { readonly kind: 'nobody'; readonly why: string }

/** Automatic, by people, or by nobody, which is a refusal. */
export function approvalOf(procedure: LoadedProcedure, at: Case): ApprovalFinding {
  const { ask } = procedure.values
  const automatic = automaticOf(procedure, at)
  if (automatic.ok) {
    return {
      kind: 'some',
      why: automatic.why,
      approval: { mode: 'automatic', why: automatic.why, otherwise: ask },
    }
  }
  if (ask === undefined)
    return { kind: 'nobody', why: `${automatic.why}, and it names nobody who could approve` }
  const people = `${ask.count} of ${[...ask.from.people, ...ask.from.groups].join(', ') || 'nobody'}`
  const why = `${automatic.why}: ${people} must approve`
  return { kind: 'some', why, approval: { mode: 'people', why, ask } }
}

function automaticOf(procedure: LoadedProcedure, at: Case): { readonly ok: boolean; readonly why: string } {
  const condition = procedure.automaticWhen
  if (condition === undefined) return { ok: false, why: 'nothing is approved automatically' }
  const { incident } = at.facts
  if (incident !== undefined && incident.drill !== procedure.values.drill) {
    return {
      ok: false,
      why: `not automatic, as the incident is ${incident.drill ? '' : 'not '}a drill and the procedure is ${procedure.values.drill ? '' : 'not '}for drills`,
    }
  }
  const { holds, error } = evaluate(condition, procedure, at)
  if (holds) return { ok: true, why: 'automatic_when holds' }
  if (error !== undefined)
    return { ok: false, why: `automatic_when cannot be evaluated and counts as no (${error})` }
  return { ok: false, why: `automatic_when does not hold (${condition.brief})` }
}

const NEXT: Readonly<Record<Exclude<Step['rule'], 'host'>, string>> = {
  who: 'Ask somebody whom the procedure names, or the owners to name you.',
  drill: 'Use a procedure for drills, or your own identity.',
  duration: 'Ask for less time with --for.',
  when: 'Name the incident with --incident, or declare one with `breakglass incident declare`; `breakglass policy explain` shows each rule.',
  approval: 'Ask the owners to name approvers.',
}

function denied(facts: Facts, step: Step | undefined, steps: readonly Step[]): Denied {
  if (step === undefined || step.rule === 'host')
    return refuse(`No procedure opens ${facts.target.name}`, NEXT.who, steps)
  return refuse(`${step.procedure}: ${step.why}`, NEXT[step.rule], steps)
}

function refuse(why: string, next: string, steps: readonly Step[]): Denied {
  return { kind: 'denied', why, next, steps }
}
