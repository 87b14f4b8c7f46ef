import type { RecordedStatement } from './statements.ts'

export interface StatementFilter {
  /** In any case, anywhere in the statement. */
  readonly text?: string
  /** A table, view, function …: `public.orders`, or `orders` in any schema. */
  readonly object?: string
  /** A verb such as `update` or `drop table`; `drop` stands for every verb that begins with the word. */
  readonly verb?: string
  /** Only what may change rows or state. */
  readonly writes?: boolean
  readonly refused?: boolean
}

/** Whether a statement is one of those that were asked for. Pure. */
export function matchesFilter(statement: RecordedStatement, filter: StatementFilter): boolean {
  const { text, object, verb, writes, refused } = filter
  if (writes === true && !statement.writes) return false
  if (refused === true && statement.verdict !== 'refused') return false
  if (text !== undefined && !statement.text?.toLowerCase().includes(text.toLowerCase())) return false
  if (verb !== undefined && !statement.verbs.some(one => isVerb(one, verb.toLowerCase()))) return false
  return object === undefined || statement.objects.some(({ name }) => isObject(name, object))
}

function isVerb(verb: string, wanted: string): boolean {
  return verb === wanted || verb.startsWith(`${wanted} `)
}

/** A name without schema may be that of any schema, on either side: only the target's search path tells. */
function isObject(name: string, wanted: string): boolean {
  const [longer, shorter] = [name.toLowerCase(), wanted.toLowerCase()].sort((a, b) => b.length - a.length)
  return longer === shorter || longer?.endsWith(`.${shorter}`) === true
}
