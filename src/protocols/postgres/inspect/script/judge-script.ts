import type { Objection } from '../../../../target/action.ts'
import { nameKey } from '../../messages/decode.ts'
import { withExecuted } from '../../relay/executed.ts'
import { Statements } from '../../relay/statements.ts'
import { because } from '../because.ts'
import type { StatementFact } from '../facts.ts'
import { createInspector } from '../inspect.ts'
import type { Inspection } from '../inspector.ts'
import { REFUSE_RULES, RULE_NAMES, type RuleName } from '../refuse-rules.ts'
import { ACCESSES } from '../touched.ts'
import { splitPsqlScript, type ScriptMessage } from './split-psql-script.ts'

export interface JudgedStatement {
  readonly verb: string
  readonly writes: boolean
  readonly objects: readonly { readonly name: string; readonly access: string }[]
  readonly text: string
}

/** A rule that has something to say to a message, whether it is in force or not. */
export interface JudgedRule {
  readonly rule: string
  readonly refused: boolean
  readonly what: string
  /** Who says so. */
  readonly because: string
  /** The way out of a refusal. */
  readonly next: string
  /** In characters of the message, from 1. */
  readonly at?: number
}

/** What psql would send as one message, and what becomes of it. */
export interface JudgedMessage {
  /** In the script, from 1. */
  readonly line: number
  readonly text: string
  readonly refused: boolean
  readonly writes: boolean
  readonly statements: readonly JudgedStatement[]
  readonly rules: readonly JudgedRule[]
  /** It holds a psql variable whose value only a server could have told: a 0 was put in its place. */
  readonly guessed: boolean
}

/**
 * Judges a psql script as a session under these rules would, without one: nothing is run, no server is asked. Masks, write limits and
 * rehearsals need the target and are left out.
 */
export async function judgeScript(
  script: string,
  rules: { readonly procedure: string; readonly refuse: readonly string[] },
): Promise<readonly JudgedMessage[]> {
  const inspector = createInspector({ parseMs: 10_000 })
  const prepared = new Statements()
  try {
    const judged: JudgedMessage[] = []
    for (const message of splitPsqlScript(script).messages) {
      const seen = withExecuted(await inspector.inspect(message.text, RULE_NAMES), prepared)
      judged.push(judgedMessage(message, seen, rules))
      if (!seen.prepares) continue
      const definition = { inspection: seen.prepares.inner, text: message.text, seq: 0 }
      prepared.confirmed(nameKey(seen.prepares.name), definition)
    }
    return judged
  } finally {
    await inspector.close()
  }
}

function judgedMessage(
  { text, line, guessed }: ScriptMessage,
  seen: Inspection,
  rules: { readonly procedure: string; readonly refuse: readonly string[] },
): JudgedMessage {
  const said = seen.objections.map(objection => judgedRule(objection, rules))
  return {
    line,
    text,
    refused: said.some(({ refused }) => refused),
    writes: seen.writes,
    statements: seen.statements.map(statement => judgedStatement(statement, text)),
    rules: said.sort((a, b) => Number(b.refused) - Number(a.refused)),
    guessed,
  }
}

function judgedRule(
  { rule, what, next, at }: Objection,
  rules: { readonly procedure: string; readonly refuse: readonly string[] },
): JudgedRule {
  const optional =
    Object.hasOwn(REFUSE_RULES, rule) &&
    !REFUSE_RULES[rule as RuleName].absolute &&
    !rules.refuse.includes(rule)
  return {
    rule,
    refused: !optional,
    what,
    because: optional
      ? `Procedure ${rules.procedure} does not name ${rule} in scope.refuse.`
      : (because(rule, rules) ?? 'Every session refuses it.'),
    next,
    ...(at !== undefined && { at }),
  }
}

function judgedStatement(
  { verb, writes, touched, at, length }: StatementFact,
  text: string,
): JudgedStatement {
  return {
    verb,
    writes,
    objects: ACCESSES.flatMap(access =>
      (touched?.[access] ?? []).map(name => ({ name, access: access.replace(/s$/, '') })),
    ),
    text: Array.from(text)
      .slice(at, at + length)
      .join('')
      .trim(),
  }
}
