import type { JudgedMessage } from '../../../kernel/judged.ts'
import type { HostRules } from '../../../target/action.ts'
import { judgedRules } from '../../../target/judged-rules.ts'
import { because } from './because.ts'
import { judgeCommand } from './judge-command.ts'
import { REFUSE_RULES, RULE_NAMES, type RuleName } from './refuse-rules.ts'

export interface LineRules {
  readonly procedure: string
  readonly refuse: readonly string[]
  readonly host?: HostRules
}

/** Judges a command line as a session under these rules would, without one, and tells of the other rules what they would say. */
export function judgeLine(text: string, rules: LineRules): JudgedMessage {
  // `exec` has something to say to every line, so it does only where it is in force.
  const refuse = [...RULE_NAMES.filter(name => name !== 'exec'), ...rules.refuse]
  const { objections, commands, writes } = judgeCommand(text, { refuse, host: rules.host })
  const characters = Array.from(text)
  const said = judgedRules(objections, {
    ...rules,
    named: rule => Object.hasOwn(REFUSE_RULES, rule) && REFUSE_RULES[rule as RuleName].holds === 'named',
    because: rule => because(rule, rules),
  })
  return {
    // One request carries all of it.
    line: 1,
    text,
    refused: said.some(({ refused }) => refused),
    writes,
    statements: commands.map(({ verb, writes: changes, at, length }) => ({
      verb,
      writes: changes,
      objects: [],
      text: characters.slice(at - 1, at - 1 + length).join(''),
    })),
    rules: said,
    guessed: false,
  }
}
