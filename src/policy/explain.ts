import { approvalOf, candidatesFor } from './decide.ts'
import type { Facts } from './facts.ts'
import { hostStep } from './host-step.ts'
import type { ProcedureSet } from './procedure.ts'
import { prepare, RULES, type Step, stepOf } from './rules.ts'

/** Every rule of every procedure for the target, also behind the first that does not hold. */
export interface Explanation {
  readonly procedure: string
  readonly file: string
  /** Whether `decide` would take it, were it the only one. */
  readonly applies: boolean
  readonly steps: readonly Step[]
}

export function explain(set: ProcedureSet, facts: Facts, chosen?: string): readonly Explanation[] {
  const candidates = candidatesFor(set, facts.target.name, chosen)
  if ('kind' in candidates) return []
  const at = prepare(facts)
  return candidates.map(procedure => {
    const { name } = procedure
    const steps: Step[] = RULES.map(rule => stepOf(rule, procedure, at, rule.check(procedure, at)))
    const approval = approvalOf(procedure, at)
    steps.push({ procedure: name, rule: 'approval', ok: approval.kind === 'some', why: approval.why })
    steps.push(...hostStep(procedure))
    return { procedure: name, file: procedure.file, applies: steps.every(({ ok }) => ok), steps }
  })
}

/** Lines to print, one per rule under a line per procedure. */
export function explanationText(explanations: readonly Explanation[]): readonly string[] {
  return explanations.flatMap(({ procedure, file, applies, steps }) => [
    `${procedure} (${file}): ${applies ? 'applies' : 'does not apply'}`,
    ...steps.map(({ rule, ok, why }) => `  ${ok ? 'yes' : 'no '}  ${rule.padEnd(8)}  ${why}`),
  ])
}
