import type { Action } from '../../../target/action.ts'
import { nameKey } from '../messages/decode.ts'
import type { Inspection } from '../inspect/inspector.ts'
import { UNKNOWN_STATEMENT } from '../inspect/objections.ts'
import { united, type Statements } from './statements.ts'

/** EXECUTE is judged by its PREPARE: what it would do is added to what was seen. A name nobody prepared is refused. */
export function withExecuted(seen: Inspection, statements: Statements): Inspection {
  if (seen.executes === undefined || seen.executes.length === 0) return seen
  const meant = seen.executes.map(name => statements.find(nameKey(name)))
  const inner = united(meant.flat())
  const unknown = meant.some(found => found.length === 0)
  return {
    ...seen,
    verbs: [...new Set([...seen.verbs, ...inner.verbs])],
    writes: seen.writes || inner.writes,
    objects: [...new Set([...seen.objects, ...inner.objects])],
    objections: unknown ? [...seen.objections, UNKNOWN_STATEMENT] : seen.objections,
  }
}

/** The action of a message that carries SQL text. */
export function textAction(kind: 'query' | 'parse', seen: Inspection, text: string): Action {
  const { verbs, writes, objects, objections } = seen
  return { kind, verbs, writes, objects, objections, text }
}
