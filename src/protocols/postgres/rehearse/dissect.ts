import type { ScanToken } from 'libpg-query'
import { isBuiltIn } from '../inspect/builtins.ts'
import { functionEffect } from '../inspect/functions.ts'
import { listAt, names, nodeAt, textAt, unwrap, walk, type Node } from '../inspect/tree.ts'
import type { ChangedRows, Dissection } from './dissection.ts'
import { irreversible } from './irreversible.ts'
import { Words } from './words.ts'

/** PostgreSQL's own grammar and scanner. Both throw on text that is no SQL. */
export interface Grammar {
  parse(text: string): Node
  scan(text: string): readonly ScanToken[]
}

/**
 * Takes the one statement of `text` apart. Slices are made by looking for keywords outside of brackets and then proven: put
 * together as the query that finds the rows they must parse to the very FROM, WHERE and WITH of the statement; otherwise
 * only its rows are counted. Pure.
 */
export function dissect(text: string, grammar: Grammar): Dissection {
  const statements = listAt(grammar.parse(text), 'stmts')
  const [only] = statements
  const top = only && unwrap(nodeAt(only, 'stmt') ?? {})
  if (!top || statements.length !== 1) return held('', 'it is not one statement')
  const { type, fields } = top
  if (type === 'TransactionStmt') {
    const verb = textAt(fields, 'kind').replace('TRANS_STMT_', '').replaceAll('_', ' ').toLowerCase()
    return { kind: 'control', verb, savepoint: textAt(fields, 'savepoint_name') }
  }
  const never = irreversible(type, fields)
  if (never !== undefined) return { kind: 'never', what: never }
  const verb = type.replace('Stmt', '').toUpperCase()
  if (type !== 'InsertStmt' && type !== 'UpdateStmt' && type !== 'DeleteStmt') return held(verb, unseen(type))
  if (changesInWith(fields)) return held(verb, 'a WITH that writes')
  const words = new Words(text, grammar.scan(text))
  if (type === 'InsertStmt') return insert(fields, words)
  if (
    textAt(fields, 'whereClause') === 'CurrentOfExpr' ||
    nodeAt(nodeAt(fields, 'whereClause') ?? {}, 'CurrentOfExpr')
  )
    return held(verb, 'WHERE CURRENT OF a cursor')
  const called = strangeCall([
    fields['whereClause'],
    fields['fromClause'],
    fields['usingClause'],
    fields['withClause'],
  ])
  if (called) return held(verb, 'a condition that calls a function which is not built in')
  return changed(type, fields, words, grammar) ?? held(verb, 'a form whose rows cannot be found beforehand')
}

function held(verb: string, why: string): Dissection {
  return { kind: 'held', verb, why }
}

function unseen(type: string): string {
  switch (type) {
    case 'MergeStmt':
      return 'MERGE'
    case 'CopyStmt':
      return 'COPY'
    case 'ExecuteStmt':
      return 'EXECUTE of a prepared statement'
    case 'SelectStmt':
    case 'CallStmt':
    case 'DoStmt':
      return 'functions'
    case 'ExplainStmt':
      return 'EXPLAIN ANALYZE'
    default:
      return 'a statement that changes no single rows'
  }
}

function insert(fields: Node, words: Words): Dissection {
  const conflict = nodeAt(fields, 'onConflictClause')
  if (conflict && textAt(conflict, 'action') === 'ONCONFLICT_UPDATE')
    return held('INSERT', 'ON CONFLICT DO UPDATE')
  const returns =
    nodeAt(fields, 'returningClause') !== undefined || listAt(fields, 'returningList').length > 0
  return {
    kind: 'insert',
    name: nameOf(nodeAt(fields, 'relation') ?? {}),
    open: returns ? undefined : words.text(0, words.length),
  }
}

function changed(type: string, fields: Node, words: Words, grammar: Grammar): ChangedRows | undefined {
  const kind = type === 'UpdateStmt' ? 'update' : 'delete'
  const start = words.is(0, 'WITH') ? words.find(kind.toUpperCase(), 0) : 0
  const end = words.find('RETURNING', start)
  const where = Math.min(words.find('WHERE', start), end)
  const list = kind === 'update' ? words.find('SET', start) : start + 2
  const others = Math.min(
    kind === 'update' ? words.find('FROM', list, 'DISTINCT') : words.find('USING', start),
    where,
  )
  const relation =
    kind === 'update' ? words.text(start + 1, list) : words.text(start + 2, Math.min(others, where))
  const parameters: number[] = []
  const renumbered = (number: number): number => {
    if (!parameters.includes(number)) parameters.push(number)
    return parameters.indexOf(number) + 1
  }
  const target = nodeAt(fields, 'relation') ?? {}
  const slices = (parameter: (number: number) => number) => ({
    prelude: words.text(0, start, parameter),
    others: words.text(others + 1, where, parameter),
    where: words.text(where + 1, end, parameter),
  })
  if (!proven({ relation, ...slices(number => number) }, fields, grammar)) return undefined
  const name = nameOf(target)
  return {
    kind,
    name,
    relation,
    alias: textAt(nodeAt(target, 'alias') ?? {}, 'aliasname') || (name.at(-1) ?? ''),
    ...slices(renumbered),
    parameters,
    sets:
      kind === 'update'
        ? listAt(fields, 'targetList').map(item => textAt(nodeAt(item, 'ResTarget') ?? {}, 'name'))
        : [],
  }
}

type Slices = Pick<ChangedRows, 'relation' | 'prelude' | 'others' | 'where'>

/** The slices, put together as a SELECT, parse to what the statement itself holds. */
function proven({ relation, prelude, others, where }: Slices, fields: Node, grammar: Grammar): boolean {
  const sources = others === '' ? relation : `${relation}, ${others}`
  const condition = where === '' ? '' : ` WHERE ${where}`
  let select: Node | undefined
  try {
    const stmts = listAt(grammar.parse(`${prelude} SELECT FROM ${sources}${condition}`), 'stmts')
    if (stmts.length === 1) select = nodeAt(nodeAt(stmts[0] ?? {}, 'stmt') ?? {}, 'SelectStmt')
  } catch {
    return false
  }
  if (select === undefined) return false
  const [first, ...rest] = listAt(select, 'fromClause')
  const from = [...listAt(fields, 'fromClause'), ...listAt(fields, 'usingClause')]
  return (
    same(nodeAt(first ?? {}, 'RangeVar'), nodeAt(fields, 'relation')) &&
    same(rest, from) &&
    same(nodeAt(select, 'whereClause'), nodeAt(fields, 'whereClause')) &&
    same(nodeAt(select, 'withClause'), nodeAt(fields, 'withClause'))
  )
}

function same(one: unknown, other: unknown): boolean {
  return form(one) === form(other)
}

/** Without the places in the text. */
function form(node: unknown): string {
  return JSON.stringify(node ?? null, (key, value: unknown) =>
    /^(location|rexpr_list_start|rexpr_list_end|list_start|list_end)$/.test(key) ? undefined : value,
  )
}

function nameOf(relation: Node): readonly string[] {
  return ['catalogname', 'schemaname', 'relname']
    .map(part => textAt(relation, part))
    .filter(part => part !== '')
}

function changesInWith(fields: Node): boolean {
  let found = false
  walk(fields['withClause'], (_, key) => {
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(key)) found = true
    return !found
  })
  return found
}

/** Finding the rows runs their condition once more than the person asked for, so it may hold nothing that acts. */
function strangeCall(parts: readonly unknown[]): boolean {
  let found = false
  walk(parts, (node, key) => {
    if (key === 'FuncCall' || key === 'funccall') {
      const path = names(listAt(node, 'funcname'))
      if (functionEffect(path)?.writes === true || !isBuiltIn(path)) found = true
    }
    return !found
  })
  return found
}
