import type { JudgedMessage, JudgedStatement } from '../../../../kernel/judged.ts'
import { judgedRules } from '../../../../target/judged-rules.ts'
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
  const said = judgedRules(seen.objections, {
    ...rules,
    named: rule => Object.hasOwn(REFUSE_RULES, rule) && !REFUSE_RULES[rule as RuleName].absolute,
    because: rule => because(rule, rules),
  })
  return {
    line,
    text,
    refused: said.some(({ refused }) => refused),
    writes: seen.writes,
    statements: seen.statements.map(statement => judgedStatement(statement, text)),
    rules: said,
    guessed,
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
