import { Fault } from '../../../kernel/faults.ts'
import { MaskCatalog, mergeMasks, type Mask, type MaskedRelation } from './catalog.ts'
import { matches, type ColumnPattern } from './column-pattern.ts'
import type { Outline } from './outline.ts'
import {
  columnsOf,
  definitions,
  family,
  generated,
  inheritance,
  relationsWith,
  rowFunctions,
  type Ask,
  type ColumnRow,
} from './read-columns.ts'
import { Taint, type Expanded } from './taint.ts'

/** Reads a text as an outline; undefined when it cannot be read. */
export type ReadOutline = (text: string) => Outline | undefined | Promise<Outline | undefined>

interface View {
  readonly oid: string
  readonly outline: Outline | undefined
}

/**
 * Looks up at the target which columns the patterns of a procedure mean, and what shows the same values under another name: the
 * column in partitions, children and parents of the table, columns generated from it, columns of views (also of views over
 * views, also materialized) that are it or are computed from it. Throws Fault `target.misconfigured` when a table that is
 * named has no such column, and what `ask` throws.
 */
export async function loadCatalog(
  ask: Ask,
  patterns: readonly ColumnPattern[],
  readOutline: ReadOutline,
): Promise<MaskCatalog> {
  const { oids, newest } = await relationsWith(ask, [...new Set(patterns.map(pattern => pattern.column))])
  const all = await family(ask, oids)
  const [columns, parents, made, views, functions] = [
    await columnsOf(ask, all),
    await inheritance(ask, all),
    await generated(ask, all),
    await definitions(ask, all),
    await rowFunctions(ask),
  ]
  await checkTables(ask, patterns, columns)
  const masks = new Masks(columns, patterns)
  const read = await Promise.all(
    views.map(async ({ oid, text }): Promise<View> => ({ oid, outline: await readOutline(text) })),
  )
  const fields = { ...namedBy(patterns), rowFunctions: functions, newest }
  for (let before = -1; before !== masks.size; ) {
    before = masks.size
    for (const { one, other } of parents) masks.share(one, other)
    for (const { one, other } of made) masks.derive(one, other)
    const catalog = new MaskCatalog({ ...fields, relations: masks.relations() })
    for (const view of read) masks.view(view, catalog)
  }
  return new MaskCatalog({ ...fields, named: masks.rowsOf(fields.named), relations: masks.relations() })
}

/** A pattern with a table of which the column is gone: renamed, most likely, and then unmasked without anybody noticing. */
async function checkTables(
  ask: Ask,
  patterns: readonly ColumnPattern[],
  columns: readonly ColumnRow[],
): Promise<void> {
  for (const pattern of patterns) {
    const { table, schema } = pattern
    if (table === undefined) continue
    if (columns.some(row => matches(pattern, row.schema, row.relation, row.column))) continue
    const rows = await ask(
      `SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = coalesce($2, n.nspname)`,
      [table, schema ?? null],
    )
    if (rows.length > 0)
      throw new Fault(
        'target.misconfigured',
        `the procedure masks ${pattern.written}, and ${table} has no such column`,
        {
          next: 'Have `mask` of the procedure name the column as it is called now.',
        },
      )
  }
}

function namedBy(patterns: readonly ColumnPattern[]): {
  readonly named: ReadonlyMap<string, Mask>
  readonly everywhere: ReadonlyMap<string, Mask>
} {
  const named = new Map<string, Mask>()
  const everywhere = new Map<string, Mask>()
  for (const { column, keep, written, table, schema } of patterns) {
    const mask: Mask = { keep, text: true, column: written }
    named.set(column, mergeMasks(named.get(column), mask))
    if (table === undefined && schema === undefined)
      everywhere.set(column, mergeMasks(everywhere.get(column), mask))
  }
  return { named, everywhere }
}

/** The masks found so far, by `oid.number`. They only grow, so going round until nothing is added comes to an end. */
class Masks {
  readonly #columns: readonly ColumnRow[]
  readonly #found = new Map<string, Mask>()
  readonly #byName = new Map<string, ColumnRow>()
  readonly #byKey = new Map<string, ColumnRow>()
  readonly #byRelation = new Map<string, ColumnRow[]>()

  constructor(columns: readonly ColumnRow[], patterns: readonly ColumnPattern[]) {
    this.#columns = columns
    for (const row of columns) {
      this.#byName.set(`${row.oid}.${row.column}`, row)
      this.#byKey.set(keyOf(row), row)
      const list = this.#byRelation.get(row.oid)
      if (list) list.push(row)
      else this.#byRelation.set(row.oid, [row])
      for (const pattern of patterns)
        if (matches(pattern, row.schema, row.relation, row.column))
          this.#mask(row, { keep: pattern.keep, text: row.text, column: pattern.written })
    }
  }

  get size(): number {
    return this.#found.size
  }

  /** Two tables of which one inherits from the other show the rows of each other under the same column names. */
  share(one: string, other: string): void {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      for (const row of this.#byRelation.get(from) ?? []) {
        const mask = this.#found.get(keyOf(row))
        const same = this.#byName.get(`${to}.${row.column}`)
        if (mask && same && !this.#found.has(keyOf(same))) this.#mask(same, mask)
      }
    }
  }

  /** `one` is computed from `other`. */
  derive(one: string, other: string): void {
    const mask = this.#found.get(other)
    const row = this.#byKey.get(one)
    if (mask && row && !this.#found.has(one)) this.#mask(row, { ...mask, keep: 'nothing' })
  }

  /** A view whose definition cannot be followed is masked in every column. */
  view({ oid, outline }: View, catalog: MaskCatalog): void {
    const rows = this.#byRelation.get(oid) ?? []
    const outputs = outline && viewColumns(outline, catalog)
    const followed = outputs?.length === rows.length
    for (const [index, row] of rows.entries()) {
      const mask = followed ? outputs[index] : UNKNOWN_VIEW
      if (mask && !this.#found.has(keyOf(row))) this.#mask(row, mask)
    }
  }

  /** With the masked columns of tables, which functions that return rows of a table show under their names. */
  rowsOf(named: ReadonlyMap<string, Mask>): ReadonlyMap<string, Mask> {
    const all = new Map(named)
    for (const [key, mask] of this.#found) {
      const row = this.#byKey.get(key)
      if (row && row.kind !== 'v' && row.kind !== 'm' && !named.has(row.column))
        all.set(row.column, mergeMasks(all.get(row.column), mask))
    }
    return all
  }

  relations(): readonly MaskedRelation[] {
    const masked = new Set([...this.#found.keys()].map(key => key.slice(0, key.indexOf('.'))))
    return [...masked].map(oid => {
      const rows = this.#byRelation.get(oid) ?? []
      const [first] = rows
      return {
        oid: Number(oid),
        schema: first?.schema ?? '',
        name: first?.relation ?? '',
        columns: rows.map(row => ({
          number: row.number,
          name: row.column,
          generated: row.generated,
          mask: this.#found.get(keyOf(row)),
        })),
      }
    })
  }

  #mask(row: ColumnRow, mask: Mask): void {
    const key = keyOf(row)
    this.#found.set(key, mergeMasks(this.#found.get(key), { ...mask, text: row.text }))
  }
}

const UNKNOWN_VIEW: Mask = { keep: 'nothing', text: true, column: 'of a view that cannot be followed' }

/** Masks of the columns a view selects; those of a UNION are masked where any arm is. Undefined: not followed. */
function viewColumns(outline: Outline, catalog: MaskCatalog): Expanded | undefined {
  const taint = new Taint(outline, catalog)
  const columnsOfQuery = (index: number): Expanded | undefined => {
    const query = outline.queries[index]
    if (query === undefined || query.arms.length === 0) return taint.expand(index)
    const arms = query.arms.map(columnsOfQuery)
    const [first] = arms
    if (first === undefined || arms.some(arm => arm?.length !== first.length)) return undefined
    return first.map((_, place) => arms.map(arm => arm?.[place]).find(mask => mask !== undefined))
  }
  return columnsOfQuery(0)
}

function keyOf(row: ColumnRow): string {
  return `${row.oid}.${row.number}`
}
