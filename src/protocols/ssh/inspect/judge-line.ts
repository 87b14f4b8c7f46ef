import type { HostRules } from '../../../target/action.ts'
import { because } from './because.ts'
import { judgeCommand } from './judge-command.ts'
import { REFUSE_RULES, RULE_NAMES, type RuleName } from './refuse-rules.ts'

export interface LineRules {
  readonly procedure: string
  readonly refuse: readonly string[]
  readonly host?: HostRules
}

/** A command line as an exec request would carry it, and what becomes of it. The fields are those of a judged SQL message. */
export interface JudgedLine {
  /** Of the line in what was given: always the first, as one request carries all of it. */
  readonly line: number
  readonly text: string
  readonly refused: boolean
  readonly writes: boolean
  readonly statements: readonly {
    readonly verb: string
    readonly writes: boolean
    readonly objects: readonly { readonly name: string; readonly access: string }[]
    readonly text: string
  }[]
  readonly rules: readonly {
    readonly rule: string
    readonly refused: boolean
    readonly what: string
    readonly because: string
    readonly next: string
    readonly at?: number
  }[]
  readonly guessed: boolean
}

/** Judges a command line as a session under these rules would, without one, and tells of the other rules what they would say. */
export function judgeLine(text: string, rules: LineRules): JudgedLine {
  // `exec` has something to say to every line, so it does only where it is in force.
  const refuse = [...RULE_NAMES.filter(name => name !== 'exec'), ...rules.refuse]
  const { objections, commands, writes } = judgeCommand(text, { refuse, host: rules.host })
  const characters = Array.from(text)
  const said = objections.map(({ rule, what, next, at }) => {
    const optional =
      Object.hasOwn(REFUSE_RULES, rule) &&
      REFUSE_RULES[rule as RuleName].holds === 'named' &&
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
  })
  return {
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
    rules: said.sort((a, b) => Number(b.refused) - Number(a.refused)),
    guessed: false,
  }
}
