import type { ParseResult } from '@marcbachmann/cel-js'
import { environment, type Visible } from './environment.ts'
import { type ConditionProblem, type Mention, reason, vetCondition } from './vet-condition.ts'

/** `holds` is true only when the expression gave exactly `true`. `error`: why it could not be evaluated, then it is *no*. */
export interface Verdict {
  readonly holds: boolean
  readonly error?: string
}

/** A condition that parsed, is allowed and gives a bool. Evaluating has no effect and reads nothing but its argument. */
export interface Condition {
  readonly text: string
  readonly mentions: readonly Mention[]
  readonly readsRequest: boolean
  readonly readsIncident: boolean
  evaluate(visible: Visible): Verdict
}

export type Compiled =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly problems: readonly ConditionProblem[] }

const YES: Verdict = { holds: true }
const NO: Verdict = { holds: false }

export function compileCondition(source: string): Compiled {
  let parsed: ParseResult
  try {
    parsed = environment.parse(source)
  } catch (cause) {
    return { ok: false, problems: [problem(cause, 'Conditions are CEL: github.com/google/cel-spec.')] }
  }
  const vetted = vetCondition(parsed.ast)
  if (vetted.problems.length > 0) return { ok: false, problems: vetted.problems }

  const types = parsed.check()
  if (!types.valid) {
    return {
      ok: false,
      problems: [problem(types.error, 'docs/PROCEDURES.md lists every variable with its type.')],
    }
  }
  if (types.type !== 'bool') {
    const message = `a condition is true or false, this is of type ${types.type ?? 'unknown'}`
    return { ok: false, problems: [{ at: 0, message, next: 'Compare it with something.' }] }
  }
  return {
    ok: true,
    condition: {
      text: source,
      mentions: vetted.mentions,
      readsRequest: vetted.reads.has('request'),
      readsIncident: vetted.reads.has('incident'),
      evaluate: visible => evaluate(parsed, visible),
    },
  }
}

function evaluate(parsed: ParseResult, visible: Visible): Verdict {
  try {
    return parsed(visible) === true ? YES : NO
  } catch (cause) {
    return { holds: false, error: reason(cause) }
  }
}

function problem(cause: unknown, next: string): ConditionProblem {
  const range =
    cause instanceof Error && 'range' in cause ? (cause.range as { start?: number } | undefined) : undefined
  return { at: range?.start ?? 0, message: reason(cause), next }
}
