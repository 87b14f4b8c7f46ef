import { PLACE_CELLS, readable } from './image-queries.ts'
import { keyOf, type Cell, type Row, type Table } from './table.ts'

/** One row as it was and as it is; `before` is undefined for a new one, `after` for one that is gone. Cells in the order of `readable`. */
export interface Change {
  readonly before: Row | undefined
  readonly after: Row | undefined
}

/** Images as `readByPlace` and `readByKey` answer. */
export interface Images {
  readonly table: Table
  readonly kind: 'update' | 'delete'
  readonly before: readonly Row[]
  readonly after: readonly Row[]
  /** An UPDATE that leaves the key alone: the row with the same key is the same row. */
  readonly sameKeys: boolean
}

/** The key of an image, in the order of `keyOf`. */
export function keyCells(table: Table, image: Row): Row {
  const columns = readable(table)
  return keyOf(table).map(column => image[PLACE_CELLS + columns.indexOf(column)] ?? null)
}

/**
 * What became of the rows that were looked at beforehand: those that lie elsewhere now, or are gone. When they are as many as
 * the target says it changed, they are the very rows it changed; `exact` says so. Where places may not be read, every row
 * that an UPDATE looked at counts as changed, and only their number is compared.
 */
export function changesOf(
  images: Images,
  rows: number,
): { readonly changes: readonly Change[]; readonly exact: boolean } {
  const { table, kind, sameKeys } = images
  const id = (image: Row): string =>
    JSON.stringify(sameKeys || !table.located ? keyCells(table, image) : image.slice(0, PLACE_CELLS))
  const after = new Map(images.after.map(image => [id(image), image]))
  const changes: Change[] = []
  for (const before of images.before) {
    const now = after.get(id(before))
    const stays = table.located ? now?.[0] === before[0] && now?.[1] === before[1] : kind === 'delete'
    if (now !== undefined && stays) continue
    changes.push({ before: cells(before), after: sameKeys ? now && cells(now) : undefined })
  }
  return { changes, exact: changes.length === rows }
}

function cells(image: Row): Row {
  return image.slice(PLACE_CELLS)
}

/** Places of the columns that differ in any of the changes. */
export function changedColumns(changes: readonly Change[]): readonly number[] {
  const width = changes[0]?.before?.length ?? 0
  const differs =
    (at: number) =>
    (change: Change): boolean =>
      cell(change.before, at) !== cell(change.after, at)
  return Array.from({ length: width }, (_, at) => at).filter(at => changes.some(differs(at)))
}

function cell(row: Row | undefined, at: number): Cell | undefined {
  return row?.[at]
}
