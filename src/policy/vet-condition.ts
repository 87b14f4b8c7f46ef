import { type ASTNode, serialize } from '@marcbachmann/cel-js'
import { environment } from './environment.ts'
import { linearMatch } from './linear-match.ts'
import { suggest } from './suggest.ts'

/** What is wrong inside a condition; `at` counts characters of its text from 0. */
export interface ConditionProblem {
  readonly at: number
  readonly message: string
  readonly next: string
}

/** A literal compared with a field: lets `load` notice that `incident.status == "opne"` never holds. */
export interface Mention {
  /** `incident.status`, or `.state` for a field of a loop variable. */
  readonly field: string
  readonly value: string
  readonly at: number
}

export interface Vetted {
  readonly problems: readonly ConditionProblem[]
  readonly mentions: readonly Mention[]
  /** Names of variables that occur. */
  readonly reads: ReadonlySet<string>
}

/**
 * The functions a condition may call. A list of what is allowed, because the library's others let a condition backtrack
 * (`matches`), grow without bound (`cel.bind`, `join`, `split`), step around the type checker (`dyn`), or depend on the
 * time zone of the process (calendar methods with a zone argument).
 */
const FUNCTIONS: ReadonlySet<string> = new Set(['has', 'size', 'int', 'string', 'duration', 'timestamp'])
const LOOPS: ReadonlySet<string> = new Set(['exists', 'all', 'exists_one', 'filter', 'map'])
const CALENDAR: ReadonlySet<string> = new Set([
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfWeek',
  'getHours',
  'getMinutes',
  'getSeconds',
])
const METHODS: ReadonlySet<string> = new Set([
  ...LOOPS,
  ...CALENDAR,
  'size',
  'contains',
  'startsWith',
  'endsWith',
  're2',
])

/** Loops inside loops multiply; two deep over bounded lists stays in the range of milliseconds. */
const DEEPEST = 2

/** Walks a parsed condition before it is type-checked. */
export function vetCondition(root: ASTNode): Vetted {
  const problems: ConditionProblem[] = []
  const mentions: Mention[] = []
  const reads = new Set<string>()
  const refuse = (at: number, message: string, next: string): void => {
    problems.push({ at, message, next })
  }

  function walk(node: ASTNode, loops: number): void {
    switch (node.op) {
      case 'value':
        return
      case 'id':
        reads.add(node.args)
        return
      case '.':
        return walk(node.args[0], loops)
      case '.?':
      case '[?]':
        return refuse(
          node.start,
          'optional access is not part of conditions',
          'Use has(…) and a plain field.',
        )
      case '!_':
      case '-_':
        return walk(node.args, loops)
      case 'list':
        for (const item of node.args) walk(item, loops)
        return
      case 'map':
        return refuse(node.start, 'map literals are not part of conditions', 'Compare with a list instead.')
      case '?:':
        for (const part of node.args) walk(part, loops)
        return
      case 'call':
        return call(node, node.args[0], node.args[1], loops)
      case 'rcall':
        return method(node, node.args[0], node.args[1], node.args[2], loops)
      default:
        for (const mention of mentioned(node.op, node.args)) mentions.push(mention)
        walk(node.args[0], loops)
        walk(node.args[1], loops)
    }
  }

  function call(node: ASTNode, name: string, args: readonly ASTNode[], loops: number): void {
    if (!FUNCTIONS.has(name))
      return refuse(node.start, `${name}() is not allowed in conditions`, way(name, FUNCTIONS))
    if (name === 'duration' || (name === 'timestamp' && text(args[0]) !== undefined))
      constant(node, name, args[0])
    for (const arg of args) walk(arg, loops)
  }

  function method(node: ASTNode, name: string, on: ASTNode, args: readonly ASTNode[], loops: number): void {
    // The range of a receiver call begins with the receiver; the name is what the reader looks for.
    const at = Math.max(node.start, node.input.indexOf(name, on.range.end))
    if (!METHODS.has(name)) return refuse(at, `.${name}() is not allowed in conditions`, way(name, METHODS))
    if (CALENDAR.has(name) && args.length > 0) {
      return refuse(
        at,
        `.${name}() with a time zone is not allowed in conditions`,
        `Leave the zone out and compare in UTC.`,
      )
    }
    const depth = LOOPS.has(name) ? loops + 1 : loops
    if (depth > DEEPEST) {
      return refuse(
        at,
        `loops nest deeper than ${DEEPEST}`,
        'Split the condition, or test membership with `in`.',
      )
    }
    if (name === 're2') pattern(node, args[0])
    walk(on, loops)
    for (const arg of args) walk(arg, depth)
  }

  function pattern(node: ASTNode, arg: ASTNode | undefined): void {
    const source = text(arg)
    if (source === undefined || source.length > 500) {
      return refuse(
        arg?.start ?? node.start,
        're2() takes a literal pattern of at most 500 characters',
        'Write the pattern as text.',
      )
    }
    try {
      linearMatch('', source)
    } catch (cause) {
      refuse(
        arg?.start ?? node.start,
        `not an RE2 pattern: ${reason(cause)}`,
        'See github.com/google/re2/wiki/Syntax; there is no lookaround and no backreference.',
      )
    }
  }

  function constant(node: ASTNode, name: string, arg: ASTNode | undefined): void {
    if (text(arg) === undefined)
      return refuse(node.start, `${name}() takes a literal`, `Write ${name}("30m").`)
    try {
      environment.evaluate(serialize(node))
    } catch {
      const example = name === 'duration' ? 'duration("30m")' : 'timestamp("2026-01-31T08:00:00Z")'
      refuse(arg?.start ?? node.start, `not a ${name}: ${JSON.stringify(text(arg))}`, `Write ${example}.`)
    }
  }

  walk(root, 0)
  return { problems, mentions, reads }
}

function way(name: string, allowed: ReadonlySet<string>): string {
  if (name === 'matches')
    return 'Use .re2("…"): RE2 syntax, and time linear in the text whatever the pattern.'
  if (name === 'dyn') return 'Compare values of the same type.'
  return suggest(name, allowed)
}

function text(node: ASTNode | undefined): string | undefined {
  return node?.op === 'value' && typeof node.args === 'string' ? node.args : undefined
}

function* mentioned(op: string, [left, right]: readonly [ASTNode, ASTNode]): Generator<Mention> {
  if (op === '==' || op === '!=') {
    for (const [field, literal] of [
      [left, right],
      [right, left],
    ] as const) {
      const value = text(literal)
      if (value !== undefined && field.op === '.') yield { field: path(field), value, at: literal.start }
    }
  }
  if (op !== 'in') return
  if (right.op === 'list' && left.op === '.') {
    for (const item of right.args) {
      const value = text(item)
      if (value !== undefined) yield { field: path(left), value, at: item.start }
    }
  }
  const value = text(left)
  if (value !== undefined && right.op === '.') yield { field: path(right), value, at: left.start }
}

const VARIABLES: ReadonlySet<string> = new Set(['incident', 'target', 'requester', 'request'])

function path(node: ASTNode): string {
  if (node.op !== '.') return ''
  const [on, field] = node.args
  return on.op === 'id' && VARIABLES.has(on.args) ? `${on.args}.${field}` : `.${field}`
}

/** First line of a library's message, without its drawing of the source. */
export function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return (
    ('summary' in cause && typeof cause.summary === 'string' ? cause.summary : cause.message).split(
      '\n',
    )[0] ?? ''
  ).slice(0, 300)
}
