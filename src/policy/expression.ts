import type { BinaryOperator } from '@marcbachmann/cel-js'
import type { Facts } from './facts.ts'

/**
 * A value while a condition is evaluated. CEL ints are numbers here and never leave the range in which numbers are exact;
 * timestamps and durations are numbers of milliseconds; the type checker has kept them apart beforehand.
 */
export type Value = string | number | boolean | readonly Value[] | object

/** Why an expression has no value, where CEL speaks of an error. Returned, as throwing costs more than most conditions. */
export class NoValue {
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

/** What an expression sees. */
export interface Frame {
  readonly variables: Variables
  /** Values of loop variables, outermost first. */
  readonly loop: Value[]
  /** Loop bodies still allowed; an expression that needs more has no value. */
  steps: number
}

export interface Variables {
  readonly requester: Facts['requester']
  /** Unbound without an incident: what reads it then has no value. */
  readonly incident: Facts['incident']
  readonly target: Facts['target']
  /** `duration` in milliseconds. */
  readonly request: { readonly duration: number }
  readonly now: number
}

/** Gives a Value or a NoValue; never throws on operands that passed the type checker. */
export type Expression = (frame: Frame) => Value

/** An operation on values alone: what has no value stays so. */
export function strict(
  operands: readonly Expression[],
  operation: (...values: Value[]) => Value,
): Expression {
  const [first, second] = operands
  if (first !== undefined && second === undefined) {
    return frame => {
      const value = first(frame)
      return value instanceof NoValue ? value : operation(value)
    }
  }
  if (first !== undefined && second !== undefined && operands.length === 2) {
    return frame => {
      const left = first(frame)
      if (left instanceof NoValue) return left
      const right = second(frame)
      return right instanceof NoValue ? right : operation(left, right)
    }
  }
  return frame => {
    const values: Value[] = []
    for (const operand of operands) {
      const value = operand(frame)
      if (value instanceof NoValue) return value
      values.push(value)
    }
    return operation(...values)
  }
}

/**
 * `&&` and `||` of CEL are commutative: a decisive side wins even if the other has no value. `decisive` is false for
 * `&&` and true for `||` (CEL language definition, "Logical operators").
 */
export function logical(decisive: boolean, left: Expression, right: Expression): Expression {
  return frame => {
    const first = left(frame)
    if (first === decisive) return decisive
    const second = right(frame)
    return second === decisive || !(first instanceof NoValue) ? second : first
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
    const [of, by] = [number(left), number(right)]
    return by === 0 ? BY_ZERO : (of - (of % by)) / by
  },
  '%': (left, right) => (right === 0 ? BY_ZERO : number(left) % number(right)),
  '[]': (left, right) => list(left)[number(right)] ?? OUTSIDE,
}

const BY_ZERO = new NoValue('division by zero')
const OUTSIDE = new NoValue('an index is outside its list')
const TOO_LARGE = new NoValue('a number is too large')

/** CEL ints end at 2^63; ours end where numbers stop being exact, and say so instead of rounding. */
function exact(value: number): Value {
  return Number.isSafeInteger(value) ? value : TOO_LARGE
}

function equal(left: Value, right: Value): boolean {
  if (typeof left !== 'object') return left === right
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right
  return left.length === right.length && left.every((item: Value, i) => equal(item, right[i] as Value))
}

/** The checker promised; a value of another kind is a defect of ours or a fact that lies about its type. */
export function list(value: Value): readonly Value[] {
  if (!Array.isArray(value)) throw new TypeError('a list was expected')
  return value as readonly Value[]
}

export function number(value: Value): number {
  if (typeof value !== 'number') throw new TypeError('a number was expected')
  return value
}

export function string(value: Value): string {
  if (typeof value !== 'string') throw new TypeError('a text was expected')
  return value
}
