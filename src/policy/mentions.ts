import type { ASTNode } from '@marcbachmann/cel-js'

/** A literal compared with a field: lets `load` notice that `incident.status == "opne"` never holds. */
export interface Mention {
  /** `incident.status`, or `.state` for a field of a loop variable. */
  readonly field: string
  readonly value: string
  /** Where the literal stands, counted in characters from 0. */
  readonly at: number
}

/** Every `field == "text"`, `"text" in field` and `field in ["text", …]` of an expression, negated or not. */
export function mentions(node: ASTNode): readonly Mention[] {
  const found = [...here(node)]
  for (const child of children(node.args)) found.push(...mentions(child))
  return found
}

function* children(args: unknown): Generator<ASTNode> {
  if (Array.isArray(args)) for (const arg of args) yield* children(arg)
  else if (typeof args === 'object' && args !== null && 'op' in args) yield args as ASTNode
}

function* here(node: ASTNode): Generator<Mention> {
  if (node.op !== '==' && node.op !== '!=' && node.op !== 'in') return
  const [left, right] = node.args
  yield* compared(left, right)
  yield* compared(right, left)
}

function* compared(field: ASTNode, value: ASTNode): Generator<Mention> {
  if (field.op !== '.') return
  const literals = value.op === 'list' ? value.args : [value]
  for (const literal of literals) {
    if (literal.op === 'value' && typeof literal.args === 'string') {
      yield { field: path(field.args[0], field.args[1]), value: literal.args, at: literal.start }
    }
  }
}

const VARIABLES: ReadonlySet<string> = new Set(['incident', 'target', 'requester', 'request'])

function path(on: ASTNode, name: string): string {
  return on.op === 'id' && VARIABLES.has(on.args) ? `${on.args}.${name}` : `.${name}`
}
