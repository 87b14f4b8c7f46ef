import { identifier } from '../administration/quote.ts'
import { changedColumns, type Change } from './changes.ts'
import { readable, valuesOf } from './image-queries.ts'
import { keyOf, tableName, type Column, type Row, type Table } from './table.ts'

/**
 * The statement that undoes `changes` of one statement, or undefined when there is nothing to undo. One statement for all
 * rows, so that foreign keys are looked at when all of them are back. Expects a table with a key, and all changes of one kind.
 */
export function inverseOf(table: Table, changes: readonly Change[]): string | undefined {
  const [first] = changes
  if (first === undefined) return undefined
  if (first.before === undefined) return removal(table, changes)
  if (first.after === undefined) return restoration(table, changes)
  return update(table, changes)
}

/** New rows are deleted. */
function removal(table: Table, changes: readonly Change[]): string {
  const key = keyOf(table)
  const rows = changes.map(change => pick(table, key, change.after))
  return `DELETE FROM ${tableName(table)} AS t USING ${listed(key, rows)} WHERE ${matched(key)};`
}

/** Deleted rows are inserted again, all their columns with the values they had. */
function restoration(table: Table, changes: readonly Change[]): string {
  const columns = readable(table).filter(column => !column.generated)
  const rows = changes.map(change => pick(table, columns, change.before))
  const names = columns.map(column => identifier(column.name)).join(', ')
  const overriding = columns.some(column => column.always) ? ' OVERRIDING SYSTEM VALUE' : ''
  return `INSERT INTO ${tableName(table)} (${names})${overriding} SELECT * FROM ${listed(columns, rows)};`
}

/** Changed columns get back what they held. */
function update(table: Table, changes: readonly Change[]): string | undefined {
  const all = readable(table)
  const key = keyOf(table)
  const changed = changedColumns(changes)
    .map(at => all[at])
    .filter((column): column is Column => column !== undefined && !column.generated)
  if (changed.length === 0) return undefined
  const columns = [...key, ...changed]
  const rows = changes.map(change => pick(table, columns, change.before))
  const set = changed.map((column, at) => `${identifier(column.name)} = was.c${key.length + at}`)
  return `UPDATE ${tableName(table)} AS t SET ${set.join(', ')} FROM ${listed(columns, rows)} WHERE ${matched(key)};`
}

function pick(table: Table, columns: readonly Column[], row: Row | undefined): Row {
  const all = readable(table)
  return columns.map(column => row?.[all.indexOf(column)] ?? null)
}

function listed(columns: readonly Column[], rows: readonly Row[]): string {
  return `${valuesOf(columns, rows)} AS was(${columns.map((_, at) => `c${at}`).join(', ')})`
}

function matched(key: readonly Column[]): string {
  return key.map((column, at) => `t.${identifier(column.name)} = was.c${at}`).join(' AND ')
}
