import { type ASTNode, serialize } from '@marcbachmann/cel-js'
import { Duration } from '@marcbachmann/cel-js/evaluator'
import { RE2JS } from 're2js'
import { environment } from './environment.ts'
import {
  BINARY,
  type Expression,
  list,
  logical,
  NoValue,
  number,
  strict,
  string,
  type Value,
  type Variables,
} from './expression.ts'
import { LOOPS } from './loops.ts'
import { own } from './own.ts'
import { reason } from './reason.ts'
import { suggest } from './suggest.ts'

/** What is wrong inside a condition; `at` counts characters of its text from 0. */
export interface ConditionProblem {
  readonly at: number
  readonly message: string
  readonly next: string
}

export interface CompiledExpression {
  readonly expression: Expression
  /** Empty when the expression may be evaluated. */
  readonly problems: readonly ConditionProblem[]
  readonly reads: ReadonlySet<string>
}

const CALENDAR: Readonly<Record<string, (time: Date) => number>> = {
  getFullYear: time => time.getUTCFullYear(),
  getMonth: time => time.getUTCMonth(),
  getDate: time => time.getUTCDate(),
  getDayOfWeek: time => time.getUTCDay(),
  getHours: time => time.getUTCHours(),
  getMinutes: time => time.getUTCMinutes(),
}
const TEXT: Readonly<Record<string, (text: string, part: string) => boolean>> = {
  contains: (text, part) => text.includes(part),
  startsWith: (text, part) => text.startsWith(part),
  endsWith: (text, part) => text.endsWith(part),
}
const METHODS = [...Object.keys(LOOPS), ...Object.keys(CALENDAR), ...Object.keys(TEXT), 'size', 're2']
const FUNCTIONS = ['has', 'size', 'duration', 'timestamp']

/** Loops inside loops multiply; deeper ones are a sign of something that belongs elsewhere. */
const DEEPEST = 2

/**
 * A parsed and type-checked condition as a closure. What is allowed is exactly what is translated here: CEL without doubles,
 * maps, bytes and conversions, and without what the library offers beyond CEL. `matches` is refused by name, as
 * it backtracks; `re2` takes its place.
 */
export function compileExpression(root: ASTNode): CompiledExpression {
  const problems: ConditionProblem[] = []
  const reads = new Set<string>()
  const scope: string[] = []

  const refuse = (at: number, message: string, next: string): Expression => {
    problems.push({ at, message, next })
    return () => new NoValue(message)
  }

  function compile(node: ASTNode): Expression {
    switch (node.op) {
      case 'value':
        return literal(node, node.args)
      case 'id':
        return variable(node.args)
      case '.':
        return field(compile(node.args[0]), node.args[1])
      case '!_':
        return strict([compile(node.args)], value => value !== true)
      case '-_':
        return strict([compile(node.args)], value => -number(value))
      case '&&':
      case '||':
        return logical(node.op === '||', compile(node.args[0]), compile(node.args[1]))
      case '?:': {
        const [test, yes, no] = [compile(node.args[0]), compile(node.args[1]), compile(node.args[2])]
        return frame => {
          const tested = test(frame)
          return tested instanceof NoValue ? tested : tested === true ? yes(frame) : no(frame)
        }
      }
      case 'list':
        return strict(node.args.map(compile), (...items) => items)
      case 'call':
        return call(node, node.args[0], node.args[1])
      case 'rcall':
        return method(node, ...node.args)
      case 'map':
      case '.?':
      case '[?]':
        return refuse(
          node.start,
          `${node.op === 'map' ? 'map literals are' : 'optional access is'} not part of conditions`,
          'Use a list, or has(…) and a plain field.',
        )
      default:
        return strict(node.args.map(compile), BINARY[node.op])
    }
  }

  function literal(node: ASTNode, value: unknown): Expression {
    if (typeof value === 'string' || typeof value === 'boolean') return () => value
    const whole = typeof value === 'bigint' ? Number(value) : Number.NaN
    if (Number.isSafeInteger(whole)) return () => whole
    return refuse(
      node.start,
      'only texts, whole numbers up to 2^53, true and false can be written',
      'Use one of those; has(…) says whether a field is there.',
    )
  }

  function variable(name: string): Expression {
    const slot = scope.lastIndexOf(name)
    const missing = new NoValue(`there is no ${name}`)
    if (slot >= 0) return frame => frame.loop[slot] ?? missing
    reads.add(name)
    return frame => frame.variables[name as keyof Variables] ?? missing
  }

  function call(node: ASTNode, name: string, args: readonly ASTNode[]): Expression {
    const [first] = args
    if (first === undefined || !FUNCTIONS.includes(name))
      return refuse(node.start, `${name}() is not allowed in conditions`, way(name, FUNCTIONS))
    if (name === 'has' && first.op === '.') return has(compile(first.args[0]), first.args[1])
    if (name === 'size') return size(compile(first))
    return constant(node, name, first)
  }

  /** `duration("30m")` and `timestamp("…Z")` become numbers now; with a computed text they could fail, or cost, later. */
  function constant(node: ASTNode, name: string, arg: ASTNode): Expression {
    const example = name === 'duration' ? 'duration("30m")' : 'timestamp("2026-01-31T08:00:00Z")'
    if (text(arg) === undefined) return refuse(arg.start, `${name}() takes a literal`, `Write ${example}.`)
    try {
      const value: unknown = environment.evaluate(serialize(node))
      const ms =
        value instanceof Date ? value.getTime() : value instanceof Duration ? value.valueOf() : Number.NaN
      if (Number.isSafeInteger(ms)) return () => ms
      throw new TypeError('not in whole milliseconds')
    } catch {
      return refuse(
        arg.start,
        `not a ${name} in whole milliseconds: ${JSON.stringify(text(arg))}`,
        `Write ${example}.`,
      )
    }
  }

  function method(node: ASTNode, name: string, on: ASTNode, args: readonly ASTNode[]): Expression {
    // A receiver call begins with the receiver; the name is what the reader looks for.
    const at = Math.max(node.start, node.input.indexOf(name, on.range.end))
    const [first, second] = args
    const loop = own(LOOPS, name)
    if (loop !== undefined && first?.op === 'id' && second !== undefined && args.length === 2) {
      const range = compile(on)
      if (scope.length >= DEEPEST)
        return refuse(
          at,
          `loops nest deeper than ${DEEPEST}`,
          'Split the condition, or test membership with `in`.',
        )
      scope.push(first.args)
      const body = compile(second)
      scope.pop()
      return loop(range, body, scope.length)
    }
    const calendar = own(CALENDAR, name)
    if (calendar !== undefined) {
      if (first !== undefined)
        return refuse(
          at,
          `${name}() with a time zone is not allowed in conditions`,
          'Leave the zone out and compare in UTC.',
        )
      if (!isTime(on)) return refuse(at, `${name}() is for times`, 'Compare durations with duration("30m").')
      return strict([compile(on)], time => calendar(new Date(number(time))))
    }
    const test = own(TEXT, name)
    if (test !== undefined && first !== undefined) {
      return strict([compile(on), compile(first)], (whole, part) => test(string(whole), string(part)))
    }
    if (name === 'size') return size(compile(on))
    if (name === 're2') return pattern(at, compile(on), first)
    return refuse(at, `${name}() is not allowed in conditions`, way(name, METHODS))
  }

  /** RE2 semantics in time linear in the text; the pattern is compiled here and may match anywhere. */
  function pattern(at: number, whole: Expression, arg: ASTNode | undefined): Expression {
    const source = text(arg)
    if (source === undefined || source.length > 500) {
      return refuse(
        arg?.start ?? at,
        're2() takes a literal pattern of at most 500 characters',
        'Write the pattern as text.',
      )
    }
    try {
      const program = RE2JS.compile(source)
      return strict([whole], value => program.matcher(string(value)).find())
    } catch (cause) {
      return refuse(
        arg?.start ?? at,
        `not an RE2 pattern: ${reason(cause)}`,
        'RE2 has no lookaround and no backreferences: github.com/google/re2/wiki/Syntax.',
      )
    }
  }

  return { expression: compile(root), problems, reads }
}

/** Written out, not `strict`: half of what a condition does is reading fields. */
function field(of: Expression, name: string): Expression {
  const missing = new NoValue(`there is no ${name}`)
  return frame => {
    const value = of(frame)
    if (value instanceof NoValue) return value
    return (value as Readonly<Record<string, Value | undefined>>)[name] ?? missing
  }
}

function has(of: Expression, name: string): Expression {
  return strict([of], value => (value as Readonly<Record<string, Value | undefined>>)[name] !== undefined)
}

/** Of a text in code points (CEL language definition, "size"), of a list in items. */
function size(of: Expression): Expression {
  return strict([of], value => (typeof value === 'string' ? Array.from(value).length : list(value).length))
}

function isTime(node: ASTNode): boolean {
  return environment.check(serialize(node)).type === 'google.protobuf.Timestamp'
}

function text(node: ASTNode | undefined): string | undefined {
  return node?.op === 'value' && typeof node.args === 'string' ? node.args : undefined
}

function way(name: string, allowed: readonly string[]): string {
  if (name === 'matches')
    return 'Use .re2("…"): RE2 syntax, and time linear in the text whatever the pattern.'
  return suggest(name, allowed)
}
