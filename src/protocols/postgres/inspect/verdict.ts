import type { Objection } from '../../../target/action.ts'
import type { Facts, Finding } from './facts.ts'
import type { Inspection } from './inspector.ts'
import { REFUSE_RULES, RULE_NAMES } from './refuse-rules.ts'

/** Bit per rule, so that the usual verdict ("nothing to object to") is one AND. */
const BIT = new Map<string, number>(RULE_NAMES.map((name, index) => [name, 2 ** index]))
const ABSOLUTE = RULE_NAMES.filter(name => REFUSE_RULES[name].absolute).reduce(
  (mask, name) => mask | (BIT.get(name) ?? 0),
  0,
)

/** A name that this version does not know objects to everything: what it was to refuse cannot be told. */
const UNKNOWN = -1

/** Facts ready to be judged under any rules. `clean` is the inspection when nothing is objected to. */
export interface Judgeable {
  readonly facts: Facts
  readonly found: number
  readonly clean: Inspection
}

export function judgeable(facts: Facts): Judgeable {
  const found = facts.findings.reduce((mask, finding) => mask | (BIT.get(finding.rule) ?? 0), 0)
  return { facts, found, clean: inspection(facts, () => false) }
}

/** The verdict under `refuse`. Shared and frozen in meaning: callers must not change it. */
export function judge(subject: Judgeable, refuse: readonly string[]): Inspection {
  const mask = maskOf(refuse)
  if (mask !== UNKNOWN && (subject.found & mask) === 0) return subject.clean
  const judged = inspection(
    subject.facts,
    finding => mask === UNKNOWN || ((BIT.get(finding.rule) ?? 0) & mask) !== 0,
  )
  if (mask !== UNKNOWN) return judged
  const stranger = refuse.find(name => !BIT.has(name)) ?? ''
  return { ...judged, objections: [...judged.objections, strangerObjection(stranger)] }
}

/** Text that could not be read: nothing is known of it, so everything is assumed. */
export function unread(rule: 'unparsable' | 'too_complex', what: string, at?: number): Inspection {
  return {
    ok: false,
    verbs: [],
    writes: true,
    autocommitWrite: false,
    transactionControl: false,
    statements: [],
    objections: [{ rule, what, next: REFUSE_RULES[rule].next, ...(at !== undefined && { at: at + 1 }) }],
  }
}

const masks = new WeakMap<readonly string[], number>()

/** A list is read once; it must not change afterwards. */
function maskOf(refuse: readonly string[]): number {
  let mask = masks.get(refuse)
  if (mask === undefined) {
    mask = refuse.every(name => BIT.has(name))
      ? refuse.reduce((sum, name) => sum | (BIT.get(name) ?? 0), ABSOLUTE)
      : UNKNOWN
    masks.set(refuse, mask)
  }
  return mask
}

function inspection(facts: Facts, objects: (finding: Finding) => boolean): Inspection {
  return {
    ok: true,
    verbs: facts.verbs,
    writes: facts.writes,
    autocommitWrite: facts.autocommitWrite,
    transactionControl: facts.transactionControl,
    ...(facts.touched && { touched: facts.touched }),
    statements: facts.statements,
    ...(facts.prepares && {
      prepares: { name: facts.prepares.name, inner: inspection(facts.prepares.inner, objects) },
    }),
    ...(facts.executes.length > 0 && { executes: facts.executes }),
    ...(facts.deallocates.length > 0 && { deallocates: facts.deallocates }),
    ...(facts.copy && { copy: facts.copy }),
    objections: facts.findings.filter(objects).map(objection),
  }
}

function objection({ rule, what, at }: Finding): Objection {
  return { rule, what, next: REFUSE_RULES[rule].next, at: at + 1 }
}

function strangerObjection(rule: string): Objection {
  return {
    rule,
    what: 'the procedure refuses something that this version does not know',
    next: 'Have the procedure corrected; `breakglass policy check` names the rules there are.',
  }
}
