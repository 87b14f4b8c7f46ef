import type { Action } from '../../../target/action.ts'
import { nameKey, type NameKey } from '../messages/decode.ts'
import type { StatementFact } from '../inspect/facts.ts'
import type { Inspection } from '../inspect/inspector.ts'
import { UNKNOWN_STATEMENT } from '../inspect/objections.ts'
import { unitedTouched } from '../inspect/touched.ts'
import { type Definition, united, type Statements } from './statements.ts'

/** EXECUTE is judged by its PREPARE: what it would do is added to what was seen. A name nobody prepared is refused. */
export function withExecuted(seen: Inspection, statements: Statements): Inspection {
  if (seen.executes === undefined || seen.executes.length === 0) return seen
  const meant = seen.executes.map(name => [
    ...statements.find(nameKey(name)),
    ...preparedBeside(seen, nameKey(name)),
  ])
  const inner = united(meant.flat())
  const touched = unitedTouched([seen.touched, inner.touched])
  const unknown = meant.some(found => found.length === 0)
  return {
    ...seen,
    verbs: [...new Set([...seen.verbs, ...inner.verbs])],
    writes: seen.writes || inner.writes,
    ...(touched && { touched }),
    objections: unknown ? [...seen.objections, UNKNOWN_STATEMENT] : seen.objections,
  }
}

/** PREPARE and EXECUTE in one message: it may mean what is prepared there, or what the name meant before. */
function preparedBeside({ prepares }: Inspection, name: NameKey): readonly Definition[] {
  if (prepares === undefined || nameKey(prepares.name) !== name) return []
  return [{ inspection: prepares.inner, text: '', seq: 0 }]
}

/** The action of a message that carries SQL text. */
export function textAction(kind: 'query' | 'parse', seen: Inspection, text: string): Action {
  const { verbs, writes, touched, statements, objections } = seen
  if (statements.length < 2) return { kind, verbs, writes, ...(touched && { touched }), objections, text }
  return {
    kind,
    verbs,
    writes,
    ...(touched && { touched }),
    parts: statements.map(part),
    objections,
    text,
  }
}

function part({ at, ...rest }: StatementFact): NonNullable<Action['parts']>[number] {
  return { ...rest, at: at + 1 }
}
