import { identifier, literal } from '../administration/quote.ts'
import type { ChangedRows } from './dissection.ts'
import { keyOf, tableName, type Column, type Row, type Table } from './table.ts'

/**
 * A locked row: by its place (`tableoid`, `ctid`; a row that was changed lies elsewhere afterwards), or by its key where places may
 * not be read.
 */
export interface Found {
  readonly by: Row
  /** Bytes as stored. */
  readonly bytes: number
}

/** Cells before the columns in what `readByPlace` and `readByKey` answer. */
export const PLACE_CELLS = 2

/** Types whose text does not depend on a setting: such a key means the same wherever it was read. */
const PLAIN_TYPE =
  /^(smallint|integer|bigint|numeric(\(.*\))?|text|character varying(\(\d+\))?|character\(\d+\)|uuid|boolean|oid|bytea|inet|cidr|name)$/

/** A key whose values mean the same wherever they are read. */
export function hasPlainKey(table: Table): boolean {
  const key = keyOf(table)
  return key.length > 0 && key.every(column => PLAIN_TYPE.test(column.type))
}

/** Whether the rows of a table can be found again after they were locked. */
export function findable(table: Table): boolean {
  return table.located || hasPlainKey(table)
}

/**
 * Locks the rows the statement is going to change, at most `most`, as weakly as the statement itself will: a row that
 * keeps its key may still be referenced by others. Runs under the session's own settings, so its names mean the same.
 */
export function lockQuery(change: ChangedRows, table: Table, most: number): string {
  const { prelude, relation, others, where } = change
  const alias = identifier(change.alias)
  const condition =
    where === '' ? '' : ` WHERE ${others === '' ? where : `EXISTS (SELECT FROM ${others} WHERE ${where})`}`
  const joined = where === '' && others !== '' ? ` WHERE EXISTS (SELECT FROM ${others})` : condition
  const strength = change.kind === 'delete' ? 'UPDATE' : 'NO KEY UPDATE'
  const bytes = readable(table).map(
    column => `coalesce(pg_column_size(${alias}.${identifier(column.name)}), 0)`,
  )
  const size = bytes.length === 0 ? '0' : bytes.join(' + ')
  const by = table.located ? ['tableoid', 'ctid'] : keyOf(table).map(column => identifier(column.name))
  const found = [...by.map(name => `${alias}.${name}`), size].join(', ')
  const before = prelude === '' ? '' : `${prelude} `
  return `${before}SELECT ${found} FROM ${relation}${joined} LIMIT ${most} FOR ${strength} OF ${alias}`
}

/** Expects the rows of `lockQuery`. */
export function foundRows(rows: readonly Row[]): readonly Found[] {
  return rows.map(row => ({ by: row.slice(0, -1), bytes: Number(row.at(-1) ?? 0) }))
}

/** The rows, in their order, that fit into `bytes` together; one that does not is left out. */
export function within(rows: readonly Found[], bytes: number): readonly Found[] {
  let left = bytes
  return rows.filter(row => {
    if (row.bytes > left) return false
    left -= row.bytes
    return true
  })
}

/** Columns an image is made of. */
export function readable(table: Table): readonly Column[] {
  return table.columns.filter(column => column.readable)
}

/** Reads locked rows: table and place, then the readable columns. */
export function readByPlace(table: Table, places: readonly Row[]): string {
  const tables = [...new Set(places.map(([oid]) => oid ?? ''))]
  const conditions = tables.map(oid => {
    const tids = places.filter(([of]) => of === oid).map(([, tid]) => `"${tid}"`)
    return `(tableoid = ${literal(oid)}::oid AND ctid = ANY (${literal(`{${tids.join(',')}}`)}::tid[]))`
  })
  return `SELECT tableoid, ctid${columnList(table, '')} FROM ${tableName(table)} WHERE ${conditions.join(' OR ')}`
}

/** Reads rows by their key, in the same columns; expects a table with a key. */
export function readByKey(table: Table, keys: readonly Row[]): string {
  const key = keyOf(table)
  const alias = key.map((_, at) => `k${at}`)
  const same = key.map((column, at) => `t.${identifier(column.name)} = k.k${at}`)
  const place = table.located ? 't.tableoid, t.ctid' : 'NULL, NULL'
  return `SELECT ${place}${columnList(table, 't.')} FROM ${tableName(table)} AS t JOIN ${valuesOf(key, keys)} AS k(${alias.join(', ')}) ON ${same.join(' AND ')}`
}

function columnList(table: Table, prefix: string): string {
  return readable(table)
    .map(column => `, ${prefix}${identifier(column.name)}`)
    .join('')
}

/** A typed list of rows for FROM: `(VALUES ('1'::integer), …)`. */
export function valuesOf(columns: readonly Column[], rows: readonly Row[]): string {
  return `(VALUES ${rows.map(row => `(${columns.map((column, at) => constant(column, row[at] ?? null)).join(', ')})`).join(', ')})`
}

export function constant(column: Column, cell: string | null): string {
  return `${cell === null ? 'NULL' : literal(cell)}::${column.type}`
}
