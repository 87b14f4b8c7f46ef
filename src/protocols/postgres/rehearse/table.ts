import { identifier, literal } from '../administration/quote.ts'
import { OWN_SETTINGS, PIN_COUNT } from './pins.ts'

/** One value as PostgreSQL writes it in text format; null for NULL. */
export type Cell = string | null
export type Row = readonly Cell[]

export interface Column {
  readonly name: string
  /** As `format_type` says it, modifiers included. */
  readonly type: string
  /** Computed from others: follows by itself. */
  readonly generated: boolean
  /** GENERATED ALWAYS AS IDENTITY. */
  readonly always: boolean
  readonly readable: boolean
  /** Place in the primary key, from 1; 0 outside of it. */
  readonly key: number
}

/** A table as the grant's role sees it now. */
export interface Table {
  readonly oid: string
  readonly schema: string
  readonly name: string
  readonly columns: readonly Column[]
  /** Its rows can be locked before they change: a plain or partitioned table with some UPDATE privilege. */
  readonly lockable: boolean
  /** The place of a row (`ctid`) may be read: with SELECT on columns only it may not. */
  readonly located: boolean
  /** Rewrite rules decide what a write does. */
  readonly rules: boolean
  /** Other tables inherit from it, so its key says nothing of their rows. */
  readonly inherited: boolean
  readonly triggers: boolean
  /** Foreign keys that change rows of other tables when its rows are deleted, or their keys updated. */
  readonly cascades: { readonly delete: boolean; readonly update: boolean }
}

/** What the session looked like when the table was found. */
export interface Surroundings {
  readonly own: readonly string[]
  readonly path: readonly string[]
}

export function tableName({ schema, name }: Pick<Table, 'schema' | 'name'>): string {
  return `${identifier(schema)}.${identifier(name)}`
}

/** The primary key in its order; empty without one, or when part of it may not be read. */
export function keyOf(table: Table): readonly Column[] {
  const key = table.columns.filter(column => column.key > 0).sort((one, other) => one.key - other.key)
  return table.inherited || key.some(column => !column.readable) ? [] : key
}

/** Two queries that find the table by its name as the session would (`search_path`). */
export function tableQueries(name: readonly string[]): readonly string[] {
  const found = `to_regclass(${literal(name.slice(-2).map(identifier).join('.'))})`
  const trigger = `EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal AND tgenabled <> 'D')`
  const cascade = (action: string): string =>
    `EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confrelid = c.oid AND ${action} IN ('c', 'n', 'd'))`
  return [
    `SELECT ${OWN_SETTINGS.join(', ')}, (SELECT string_agg(s, ',' ORDER BY o) FROM unnest(current_schemas(false)) WITH ORDINALITY AS p(s, o)),
       c.oid, n.nspname, c.relname, c.relkind IN ('r', 'p') AND has_any_column_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'SELECT'), c.relhasrules,
       c.relhassubclass AND c.relkind <> 'p', ${trigger}, ${cascade('confdeltype')}, ${cascade('confupdtype')}
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ${found}`,
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '', a.attidentity = 'a',
       has_column_privilege(a.attrelid, a.attnum, 'SELECT'), CASE WHEN array_position(i.indkey::int2[], a.attnum) < i.indnkeyatts THEN array_position(i.indkey::int2[], a.attnum) + 1 ELSE 0 END
     FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND i.indisvalid
     WHERE a.attrelid = ${found} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  ]
}

/** Undefined when there is no such table. Expects the rows of `tableQueries`. */
export function readTable(
  found: readonly Row[],
  columns: readonly Row[],
): { readonly table: Table; readonly surroundings: Surroundings } | undefined {
  const [row] = found
  if (row === undefined) return undefined
  const own = row.slice(0, PIN_COUNT).map(text)
  const [path, oid, schema, name, ...flags] = row.slice(PIN_COUNT)
  const [lockable, located, rules, inherited, triggers, onDelete, onUpdate] = flags.map(flag => flag === 't')
  return {
    table: {
      oid: text(oid),
      schema: text(schema),
      name: text(name),
      lockable: lockable ?? false,
      located: located ?? false,
      rules: rules ?? false,
      inherited: inherited ?? false,
      triggers: triggers ?? false,
      cascades: { delete: onDelete ?? false, update: onUpdate ?? false },
      columns: columns.map(([column, type, generated, always, readable, key]) => ({
        name: text(column),
        type: text(type),
        generated: generated === 't',
        always: always === 't',
        readable: readable === 't',
        key: Number(text(key)),
      })),
    },
    surroundings: { own, path: text(path) === '' ? [] : text(path).split(',') },
  }
}

function text(cell: Cell | undefined): string {
  return cell ?? ''
}
