import { changedColumns, type Change } from './changes.ts'
import { readable } from './image-queries.ts'
import type { Covered } from './covered.ts'
import type { Cell, Row, Table } from './table.ts'

/** What a rehearsal found out about one write. */
export interface Seen {
  /** `UPDATE public.orders`. */
  readonly what: string
  /** Undefined when the target did not count them. */
  readonly rows: number | undefined
  /** Undefined when nothing but the count is known. */
  readonly table: Table | undefined
  readonly changes: readonly Change[]
  /** What is not shown or not in the inverse, each a clause. */
  readonly unseen: readonly string[]
  readonly inverse: string | undefined
}

const MASKED = '(masked)'
const LONGEST_CELL = 40
const MOST_COLUMNS = 12

/** Said when the session begins. */
export function rehearsalGreeting(withinMs: number): string {
  return `breakglass holds writes until you have seen what they changed: COMMIT keeps, ROLLBACK undoes. Undecided they are rolled back after ${span(withinMs)}.`
}

/** What the person can do about a write; `earlier`: how many are held besides. */
export function decisionHint(earlier: number, withinMs: number): string {
  const all = earlier === 0 ? 'it' : `it and what was held before it (${earlier})`
  return `COMMIT; keeps ${all}, ROLLBACK; undoes it. Undecided it is rolled back in ${span(withinMs)}.`
}

function span(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds % 60 !== 0) return `${seconds} seconds`
  return seconds === 60 ? '1 minute' : `${seconds / 60} minutes`
}

export function headline(seen: Seen): string {
  const { what, rows } = seen
  return rows === undefined ? what : `${what}, ${rows} row${rows === 1 ? '' : 's'}`
}

/** The first `show` changes as a table to read: what identifies the row, and what changes in it (`old → new`). */
export function changesText(seen: Seen, show: number, covered: Covered): string {
  const { table, changes, rows, unseen } = seen
  const said: string[] = []
  const shown = changes.slice(0, show)
  if (table && shown.length > 0) {
    said.push(...tableLines(table, shown, covered))
    const more = (rows ?? changes.length) - shown.length
    if (more > 0) said.push(`(${more} more row${more === 1 ? '' : 's'})`)
  }
  for (const clause of unseen) said.push(`Not shown: ${clause}.`)
  return said.join('\n')
}

function tableLines(table: Table, changes: readonly Change[], covered: Covered): readonly string[] {
  const columns = readable(table)
  const altered = new Set(changedColumns(changes))
  const updates = changes[0]?.before !== undefined && changes[0].after !== undefined
  const places = columns
    .map((_, at) => at)
    .filter(at => !updates || altered.has(at) || (columns[at]?.key ?? 0) > 0)
    .slice(0, MOST_COLUMNS)
  const cell = (change: Change, at: number): string => {
    const column = columns[at]
    if (column === undefined || covered(column)) return MASKED
    const [before, after] = [change.before?.[at], change.after?.[at]]
    if (before !== undefined && after !== undefined && before !== after)
      return `${brief(before)} → ${brief(after)}`
    return brief(before === undefined ? after : before)
  }
  const lines = [
    places.map(at => columns[at]?.name ?? ''),
    ...changes.map(change => places.map(at => cell(change, at))),
  ]
  const widths = places.map((_, index) => Math.max(...lines.map(line => line[index]?.length ?? 0)))
  const [head = '', ...body] = lines.map(line =>
    ` ${line.map((text, index) => text.padEnd(widths[index] ?? 0)).join(' | ')}`.trimEnd(),
  )
  return [head, `-${widths.map(width => '-'.repeat(width)).join('-+-')}-`, ...body]
}

function brief(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return 'NULL'
  // Control characters would let a value draw on the person's screen.
  const plain = cell.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '·')
  return plain.length > LONGEST_CELL ? `${plain.slice(0, LONGEST_CELL - 1)}…` : plain
}

/** Before-images for the record, one row per line like COPY's text format, names first. Masked like what the person sees. */
export function beforeText(seen: Seen, covered: Covered): string | undefined {
  const { table, changes } = seen
  const before = changes.flatMap(change => (change.before ? [change.before] : []))
  if (table === undefined || before.length === 0) return undefined
  const columns = readable(table)
  const line = (row: Row): string =>
    row.map((cell, at) => copyCell(columns[at] && covered(columns[at]) ? MASKED : cell)).join('\t')
  return [columns.map(column => column.name).join('\t'), ...before.map(line)].join('\n')
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function copyCell(cell: Cell): string {
  return cell === null ? '\\N' : cell.replace(/[\\\t\n\r]/g, letter => ESCAPES[letter] ?? letter)
}
