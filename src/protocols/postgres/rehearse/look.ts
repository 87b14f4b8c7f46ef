import { changesOf, keyCells, type Change } from './changes.ts'
import type { ChangedRows, Dissection } from './dissection.ts'
import type { BoundQuery, HiddenQueries } from './hidden-queries.ts'
import {
  findable,
  foundRows,
  hasPlainKey,
  lockQuery,
  PLACE_CELLS,
  readByKey,
  readByPlace,
  within,
} from './image-queries.ts'
import { inverseOf } from './inverse.ts'
import type { Seen } from './notice.ts'
import { pin, pinLines, unpin } from './pins.ts'
import {
  keyOf,
  readTable,
  tableName,
  tableQueries,
  type Row,
  type Surroundings,
  type Table,
} from './table.ts'

/** What images of one statement may take, in bytes as stored. */
const IMAGE_BYTES = 256 * 1024

/** The session around one statement. */
export interface Around {
  readonly hidden: HiddenQueries
  /** How our queries end: where the client is idle, or in its pipeline. */
  readonly end: 'sync' | 'flush'
  /** Rows of which images are kept. */
  readonly most: number
  /** The statement's parameters, when it has some. */
  readonly bound: BoundQuery | undefined
}

/** What was seen before the statement ran. */
export interface Before {
  readonly dissection: Dissection
  readonly what: string
  readonly table: Table | undefined
  readonly surroundings: Surroundings | undefined
  readonly images: readonly Row[]
  readonly unseen: readonly string[]
}

/** Finds, locks and reads the rows the statement is going to change. Undefined: a query of ours failed and the client knows. */
export async function lookBefore(dissection: Dissection, around: Around): Promise<Before | undefined> {
  if (dissection.kind === 'held') return blind(dissection, dissection.verb.toLowerCase(), [dissection.why])
  if (dissection.kind === 'never' || dissection.kind === 'control') return blind(dissection, '', [])
  const { kind, name } = dissection
  const found = await around.hidden.ask(tableQueries(name), around.end)
  if (found === undefined) return undefined
  const read = readTable(found[0] ?? [], found[1] ?? [])
  const what = `${kind.toUpperCase()} ${read ? `${read.table.schema}.${read.table.name}` : name.join('.')}`
  if (read === undefined) return blind(dissection, what, [])
  const { table, surroundings } = read
  const before: Before = { dissection, what, table, surroundings, images: [], unseen: caveats(table, kind) }
  const view = dissection.kind !== 'insert' && !table.lockable
  if (table.rules && !view)
    return {
      ...before,
      table: undefined,
      unseen: [...before.unseen, 'what the rules of the table make of it'],
    }
  if (dissection.kind === 'insert') return before
  if (view) {
    const why = 'rows that cannot be locked beforehand (a view, a foreign table, or no right to UPDATE)'
    return { ...before, table: undefined, unseen: [...before.unseen, why] }
  }
  if (!findable(table)) {
    const why = 'rows, as single columns may be read but no primary key tells them apart'
    return { ...before, table: undefined, unseen: [...before.unseen, why] }
  }
  return imaged(before, dissection, table, surroundings, around)
}

async function imaged(
  before: Before,
  change: ChangedRows,
  table: Table,
  { own }: Surroundings,
  { hidden, end, most, bound }: Around,
): Promise<Before | undefined> {
  const query = await lock(change, table, most + 1, { hidden, end, bound })
  const locked = query === undefined ? undefined : await hidden.ask([query], end)
  if (locked === undefined) return undefined
  const rows = within(foundRows(locked[0] ?? []).slice(0, most), IMAGE_BYTES).map(row => row.by)
  if (rows.length === 0) return { ...before, images: [] }
  const images = table.located ? readByPlace(table, rows) : readByKey(table, rows)
  const read = await hidden.ask([pin(), images, unpin(own)], end)
  return read && { ...before, images: read[1] ?? [] }
}

async function lock(
  change: ChangedRows,
  table: Table,
  most: number,
  { hidden, end, bound }: Pick<Around, 'hidden' | 'end' | 'bound'>,
): Promise<string | BoundQuery | undefined> {
  const text = lockQuery(change, table, most)
  if (bound === undefined || change.parameters.length === 0) return text
  const types = await hidden.types(bound.text, bound.types, end)
  if (types === undefined) return undefined
  const pick = <T>(list: readonly T[], missing: T): T[] =>
    change.parameters.map(number => list[number - 1] ?? missing)
  const formats = bound.formats.length > 1 ? pick(bound.formats, 0) : bound.formats
  return { text, types: pick(types, 0), formats, values: pick(bound.values, null) }
}

/**
 * Reads what became of the rows. `rows`: what the target counted. `made`: keys of new rows, when the statement gave them.
 * Undefined: a query of ours failed and the client knows.
 */
export async function lookAfter(
  before: Before,
  rows: number | undefined,
  made: readonly Row[] | undefined,
  around: Around,
): Promise<Seen | undefined> {
  const { table, surroundings, what, unseen } = before
  const bare: Seen = { what, rows, table: undefined, changes: [], unseen, inverse: undefined }
  if (table === undefined || surroundings === undefined || rows === undefined) return bare
  const key = keyOf(table)
  if (before.dissection.kind === 'insert') {
    if (rows === 0) return bare
    if (key.length === 0)
      return { ...bare, unseen: [...unseen, 'new rows, as the table has no primary key to find them by'] }
    if (made === undefined)
      return { ...bare, unseen: [...unseen, 'new rows, as the statement does not return their key'] }
    const keys = made.slice(0, around.most)
    const after = await pinned(readByKey(table, keys), surroundings, around)
    if (after === undefined) return undefined
    const changes = after.map((image): Change => ({ before: undefined, after: image.slice(PLACE_CELLS) }))
    return seenOf({ ...bare, unseen }, table, surroundings, changes, changes.length === rows)
  }
  if (before.images.length === 0) return rows === 0 ? bare : { ...bare, unseen: [...unseen, NONE_READ] }
  const { dissection } = before
  const sets = dissection.kind === 'update' ? dissection.sets : []
  const sameKeys =
    dissection.kind === 'update' && key.length > 0 && !key.some(column => sets.includes(column.name))
  const { images } = before
  const query =
    sameKeys || !table.located
      ? readByKey(
          table,
          images.map(image => keyCells(table, image)),
        )
      : readByPlace(table, images)
  const after = await pinned(query, surroundings, around)
  if (after === undefined) return undefined
  const kind = dissection.kind === 'update' ? 'update' : 'delete'
  const { changes, exact } = changesOf({ table, kind, before: images, after, sameKeys }, rows)
  const seen = seenOf({ ...bare, unseen }, table, surroundings, changes, exact)
  // A row that is not where its key was: a trigger moved it, and its new values are not known.
  const lost = dissection.kind === 'update' && changes.some(change => change.after === undefined)
  return lost ? { ...seen, inverse: undefined, unseen: [...seen.unseen, NO_KEY] } : seen
}

const NONE_READ = 'the rows as they were, which are too large to keep'
const NO_KEY = 'the new values and an inverse, as there is no primary key that stays the same'

async function pinned(
  query: string,
  { own }: Surroundings,
  { hidden, end }: Around,
): Promise<readonly Row[] | undefined> {
  const answers = await hidden.ask([pin(), query, unpin(own)], end)
  return answers && (answers[1] ?? [])
}

function seenOf(
  bare: Seen,
  table: Table,
  { path }: Surroundings,
  changes: readonly Change[],
  exact: boolean,
): Seen {
  const kept = changes.length
  const unseen = exact
    ? bare.unseen
    : [...bare.unseen, `${(bare.rows ?? 0) - kept} of the changed rows, nor are they in the inverse`]
  const hidden = table.columns.filter(column => !column.readable).map(column => column.name)
  const all = hidden.length === 0 ? unseen : [...unseen, `columns that may not be read: ${hidden.join(', ')}`]
  const statement = inverseOf(table, changes)
  const inverse = statement && script(table, path, statement, kept, bare.rows ?? kept)
  return { ...bare, table, changes, unseen: all, inverse }
}

/** A script to read before it is run: it restores values whatever has become of the rows since. */
function script(
  table: Table,
  path: readonly string[],
  statement: string,
  kept: number,
  rows: number,
): string {
  const part = kept === rows ? '' : ` (${kept} of ${rows} rows only)`
  return [
    `-- Undoes a change of ${tableName(table)}${part}.`,
    'BEGIN;',
    ...pinLines(path),
    statement,
    'COMMIT;',
  ].join('\n')
}

function caveats(table: Table, kind: 'insert' | 'update' | 'delete'): readonly string[] {
  const found: string[] = []
  if (table.triggers) found.push('what triggers of the table changed elsewhere')
  if (kind === 'delete' && table.cascades.delete)
    found.push('rows of other tables that the foreign keys to it delete or change')
  if (kind === 'update' && table.cascades.update) found.push('rows of other tables that follow a changed key')
  return found
}

function blind(dissection: Dissection, what: string, unseen: readonly string[]): Before {
  return { dissection, what, table: undefined, surroundings: undefined, images: [], unseen }
}

/** The columns whose values tell which rows an INSERT made; empty when they cannot. */
export function returningKey(before: Before): readonly string[] {
  const { table } = before
  return table && hasPlainKey(table) ? keyOf(table).map(column => column.name) : []
}
