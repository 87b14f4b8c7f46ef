import type { ParseResult } from '@marcbachmann/cel-js'
import { compileExpression, type ConditionProblem } from './compile-expression.ts'
import { environment } from './environment.ts'
import { type Expression, NoValue, type Variables } from './expression.ts'
import { type Mention, mentions } from './mentions.ts'
import { reason } from './reason.ts'

/** `holds` is true only when the expression gave exactly `true`. `error`: why it has no value; then it is *no*. */
export interface Verdict {
  readonly holds: boolean
  readonly error?: string
}

/** A condition that parsed, type-checks, is allowed and gives a bool. Evaluating reads nothing but its argument. */
export interface Condition {
  readonly text: string
  /** The text in one line, cut where it is long; for sentences that quote it. */
  readonly brief: string
  readonly mentions: readonly Mention[]
  readonly readsRequest: boolean
  readonly readsIncident: boolean
  evaluate(variables: Variables): Verdict
}

export type Compiled =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly problems: readonly ConditionProblem[] }

/** Compiles once, at load. `source` is CEL (github.com/google/cel-spec) over the variables of `environment`. */
export function compileCondition(source: string): Compiled {
  let parsed: ParseResult
  try {
    parsed = environment.parse(source)
  } catch (cause) {
    return failed(problem(cause, 'Conditions are CEL: github.com/google/cel-spec.'))
  }
  // Before types, so that `matches` is refused for what it is and not for its argument.
  const { expression, problems, reads } = compileExpression(parsed.ast)
  const mentioned = mentions(parsed.ast)
  const types = parsed.check()
  if (!types.valid && problems.length === 0) {
    return failed(problem(types.error, 'docs/PROCEDURES.md lists every variable with its type.'))
  }
  if (problems.length > 0) return { ok: false, problems }
  if (types.type !== 'bool') {
    return failed({
      at: 0,
      message: `a condition is true or false, this is of type ${types.type ?? 'unknown'}`,
      next: 'Compare it with something.',
    })
  }
  return {
    ok: true,
    condition: {
      text: source,
      brief: short(source),
      mentions: mentioned,
      readsRequest: reads.has('request'),
      readsIncident: reads.has('incident'),
      evaluate: variables => evaluate(expression, variables),
    },
  }
}

const YES: Verdict = { holds: true }
const NO: Verdict = { holds: false }

/** Bodies of loops one evaluation may run: far above any real condition, milliseconds at most. */
const STEPS = 50_000

function evaluate(expression: Expression, variables: Variables): Verdict {
  try {
    const value = expression({ variables, loop: [], steps: STEPS })
    if (value instanceof NoValue) return { holds: false, error: value.why }
    return value === true ? YES : NO
  } catch {
    return { holds: false, error: 'a fact is not of the type it should be' }
  }
}

function short(text: string): string {
  const flat = text.replace(/\s+/g, ' ')
  return flat.length > 160 ? `${flat.slice(0, 159)}…` : flat
}

function failed(problem: ConditionProblem): Compiled {
  return { ok: false, problems: [problem] }
}

function problem(cause: unknown, next: string): ConditionProblem {
  const range =
    cause instanceof Error && 'range' in cause ? (cause.range as { start?: number } | undefined) : undefined
  return { at: range?.start ?? 0, message: reason(cause), next }
}
