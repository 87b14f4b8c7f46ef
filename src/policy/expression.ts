import type { BinaryOperator } from '@marcbachmann/cel-js'
import type { Facts } from './facts.ts'

/**
 * A value while a condition is evaluated. CEL ints are numbers here and never leave the range in which numbers are exact;
 * timestamps and durations are numbers of milliseconds; the type checker has kept them apart beforehand.
 */
export type Value = string | number | boolean | readonly Value[] | object

/** What an expression sees. */
export interface Frame {
  readonly variables: Variables
  /** Values of loop variables, outermost first. */
  readonly loop: Value[]
  /** Loop bodies still allowed; an expression that needs more fails. */
  steps: number
}

export interface Variables {
  readonly requester: Facts['requester']
  /** Unbound without an incident: reading it then is an error. */
  readonly incident: Facts['incident']
  readonly target: Facts['target']
  /** `duration` in milliseconds. */
  readonly request: { readonly duration: number }
  readonly now: number
}

export type Expression = (frame: Frame) => Value

/** Why an expression has no value. CEL calls it an error; here it makes the condition *no*. */
export class NoValue extends Error {
  override readonly name = 'NoValue'
}

export function noValue(why: string): never {
  throw new NoValue(why)
}

/**
 * `&&` and `||` of CEL are commutative: a decisive side wins even if the other has no value. `decisive` is false for
 * `&&` and true for `||` (CEL language definition, "Logical operators").
 */
export function logical(decisive: boolean, left: Expression, right: Expression): Expression {
  return frame => {
    let first: Value
    try {
      first = left(frame)
    } catch (cause) {
      if (right(frame) === decisive) return decisive
      throw cause
    }
    return first === decisive ? decisive : right(frame)
  }
}

/** Binary operators by their sign. The checker has made sure that the sides fit each other. */
export const BINARY: Readonly<Record<BinaryOperator | '[]', (left: Value, right: Value) => Value>> = {
  '==': equal,
  '!=': (left, right) => !equal(left, right),
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  in: (left, right) => list(right).some(item => equal(left, item)),
  '+': (left, right) => {
    if (typeof left === 'string') return left + string(right)
    if (typeof left === 'number') return exact(left + number(right))
    return [...list(left), ...list(right)]
  },
  '-': (left, right) => exact(number(left) - number(right)),
  '*': (left, right) => exact(number(left) * number(right)),
  '/': (left, right) => {
    const by = divisor(right)
    const of = number(left)
    return (of - (of % by)) / by
  },
  '%': (left, right) => number(left) % divisor(right),
  '[]': (left, right) => list(left)[number(right)] ?? noValue('an index is outside its list'),
}

export function equal(left: Value, right: Value): boolean {
  if (typeof left !== 'object') return left === right
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right
  return left.length === right.length && left.every((item: Value, i) => equal(item, right[i] as Value))
}

export function list(value: Value): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : noValue('a list was expected')
}

export function number(value: Value): number {
  return typeof value === 'number' ? value : noValue('a number was expected')
}

export function string(value: Value): string {
  return typeof value === 'string' ? value : noValue('a text was expected')
}

/** CEL ints end at 2^63; ours end where numbers stop being exact, and say so instead of rounding. */
export function exact(value: number): number {
  return Number.isSafeInteger(value) ? value : noValue('a number is too large')
}

function divisor(value: Value): number {
  const by = number(value)
  return by === 0 ? noValue('division by zero') : by
}
