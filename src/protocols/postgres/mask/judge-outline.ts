import type { Objection } from '../../../target/action.ts'
import type { Mask, MaskCatalog } from './catalog.ts'
import type { ColumnMask, RowPlan } from './keep.ts'
import type { Act, CopyFormat, CopyOut, Outline, Query } from './outline.ts'
import { Taint } from './taint.ts'

/** What is masked in the rows of one COPY TO STDOUT; `clear` when nothing is. */
export type CopyMask = 'clear' | { readonly plan: RowPlan; readonly format: CopyFormat }

export interface MaskVerdict {
  readonly objections: readonly Objection[]
  readonly copies: readonly CopyMask[]
  /** Names given to masked columns: what comes back under them is masked where its origin is not known. */
  readonly aliases: readonly string[]
}

const RULE = 'masked_column'
const PLAIN =
  'Select the column by itself, or leave it out; ask for a procedure without the mask if its value is needed.'

/** Relations that hold samples of other tables' values. */
const SAMPLES: ReadonlySet<string> = new Set([
  'pg_stats',
  'pg_statistic',
  'pg_stats_ext',
  'pg_stats_ext_exprs',
  'pg_statistic_ext_data',
])

/** Built-in functions that return whole tables or cursors in one value, or what was written to them. */
const WHOLE_TABLES =
  /^((table|schema|database|query)_to_xml(_and_xmlschema)?|cursor_to_xml|pg_logical_slot_(get|peek)_(binary_)?changes|pg_mcv_list_items|get_raw_page|heap_page_items)$/

/**
 * What there is to object to when the masked columns of `catalog` are to leave as plain result columns only. Pure; the same
 * outline and catalog give the same verdict.
 */
export function judgeOutline(outline: Outline, catalog: MaskCatalog): MaskVerdict {
  const taint = new Taint(outline, catalog)
  const said = new Map<string, Objection>()
  const object = (mask: Mask | undefined, where: string, next = PLAIN): void => {
    if (mask === undefined || said.has(where)) return
    said.set(where, { rule: RULE, what: `the masked column ${mask.column} ${where}`, next })
  }
  const refuse = (what: string, next: string): void => {
    said.set(what, { rule: RULE, what, next })
  }

  for (const use of outline.uses) object(taint.use(use), 'is used in an expression or condition')
  for (const name of outline.compared) object(taint.column(name), 'is compared')
  for (const [index, query] of outline.queries.entries()) judgeQuery(index, query, taint, object)
  for (const [index, query] of outline.queries.entries()) {
    if (query.sink === 'value') object(taint.query(index), 'is read by a subquery of an expression')
    if (query.sink === 'stored') object(taint.query(index), 'is copied into another table, view or rule')
  }
  for (const act of outline.acts) judgeAct(act, taint, object, refuse)
  for (const range of outline.ranges) {
    if (range.kind === 'table' && SAMPLES.has(range.name))
      refuse(
        'statistics hold values of masked columns',
        'Ask for a procedure without masks to read statistics.',
      )
  }
  if (outline.calls.some(name => WHOLE_TABLES.test(name)))
    refuse(
      'a function that returns whole tables in one value passes by the masks',
      'Select from the table itself.',
    )
  const copies = outline.copies.map(copy => judgeCopy(copy, taint, object))
  return { objections: [...said.values()], copies, aliases: [...taint.aliases] }
}

type Objecting = (mask: Mask | undefined, where: string, next?: string) => void

function judgeQuery(index: number, query: Query, taint: Taint, object: Objecting): void {
  if (query.sink === 'exists') return
  for (const arm of query.arms) object(taint.query(arm), 'is part of a UNION, INTERSECT or EXCEPT')
  for (const output of query.outputs) {
    if (output.kind === 'column')
      object(
        taint.wholeRow(output.path),
        'is part of a whole row',
        'Name the columns, or write `.*` behind the table.',
      )
  }
  if (query.distinct) object(taint.query(index), 'is compared by DISTINCT')
  if (query.positions.length === 0) return
  const columns = taint.expand(index)
  for (const place of query.positions) {
    if (columns) object(columns[place - 1], 'is sorted or grouped by')
    else object(taint.query(index), 'may be sorted or grouped by', 'Name the column to sort or group by.')
  }
}

function judgeAct(
  act: Act,
  taint: Taint,
  object: Objecting,
  refuse: (what: string, next: string) => void,
): void {
  switch (act.kind) {
    case 'natural_join':
      if (taint.any)
        refuse('a NATURAL JOIN may compare a masked column', 'Write the condition of the join out.')
      return
    case 'program':
      refuse(
        'what a DO block or a function does with masked columns is not seen',
        'Send its statements one by one, or ask for a procedure without masks.',
      )
      return
    case 'table_from_execute':
      refuse('CREATE TABLE … AS EXECUTE may copy a masked column', 'Write the SELECT out.')
      return
    case 'moves': {
      const mask = taint.range(act.range)
      const column = act.column === undefined ? mask : taint.column(act.column)
      if (mask)
        object(column, 'would no longer be known by its name', 'Change it in a session without masks.')
    }
  }
}

function judgeCopy(copy: CopyOut, taint: Taint, object: Objecting): CopyMask {
  const byQuery = 'query' in copy.from
  const any = 'query' in copy.from ? taint.query(copy.from.query) : taint.range(copy.from.range)
  if (any === undefined) return 'clear'
  const masks = 'query' in copy.from ? taint.expand(copy.from.query) : tableColumns(copy.from, taint)
  if (masks === undefined) {
    object(
      any,
      'cannot be found among the columns of this COPY',
      byQuery ? 'Name the columns in its SELECT.' : 'Name the table with its schema.',
    )
    return 'clear'
  }
  if (masks.every(mask => mask === undefined)) return 'clear'
  const { format } = copy
  // With a NULL text of one's choice a value that equals it could be told from all others.
  if (
    format === undefined ||
    format.kind === 'binary' ||
    (format.nullText !== '' && format.nullText !== '\\N')
  ) {
    object(
      any,
      'cannot be masked in this format of COPY',
      'Use the text or csv format, UTF8 and the usual NULL.',
    )
    return 'clear'
  }
  return { plan: masks.map(mask => mask && columnMask(mask)), format }
}

function tableColumns(
  from: { readonly range: number; readonly columns: readonly string[] },
  taint: Taint,
): readonly (Mask | undefined)[] | undefined {
  const relation = taint.table(from.range)
  if (relation === undefined) return undefined
  const { columns } = relation
  if (from.columns.length === 0) return columns.filter(column => !column.generated).map(column => column.mask)
  return from.columns.map(name => columns.find(column => column.name === name)?.mask)
}

export function columnMask(mask: Mask): ColumnMask {
  return mask.text ? mask.keep : 'null'
}
