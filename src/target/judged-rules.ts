import type { JudgedRule } from '../kernel/judged.ts'
import type { Objection } from './action.ts'

export interface RulesInForce {
  readonly procedure: string
  /** `scope.refuse` of the procedure. */
  readonly refuse: readonly string[]
  /** Whether a rule of the protocol holds only where it is named. */
  readonly named: (rule: string) => boolean
  /** Who says that a rule holds, one sentence; undefined: every session. */
  readonly because: (rule: string) => string | undefined
}

/** What becomes of objections under a procedure, when every rule was asked: those that refuse come first. Pure. */
export function judgedRules(objections: readonly Objection[], rules: RulesInForce): readonly JudgedRule[] {
  const { procedure, refuse, named, because } = rules
  return objections
    .map(({ rule, what, next, at }) => {
      const refused = !named(rule) || refuse.includes(rule)
      return {
        rule,
        refused,
        what,
        because: refused
          ? (because(rule) ?? 'Every session refuses it.')
          : `Procedure ${procedure} does not name ${rule} in scope.refuse.`,
        next,
        ...(at !== undefined && { at }),
      }
    })
    .sort((a, b) => Number(b.refused) - Number(a.refused))
}
