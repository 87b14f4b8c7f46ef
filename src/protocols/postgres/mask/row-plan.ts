import { ByteReader } from '../../../wire/byte-reader.ts'
import type { MaskCatalog } from './catalog.ts'
import { columnMask } from './judge-outline.ts'
import type { ColumnMask, RowPlan } from './keep.ts'

/** Numbers of text, character(n), varchar, name and unknown in pg_type: they are text in binary as well. */
const TEXTS: ReadonlySet<number> = new Set([25, 1042, 1043, 19, 705])

/**
 * Which columns of the rows that a RowDescription announces are masked; undefined when none is. Body `bytes[start, end)`. Where a
 * column comes from is what the server says (its table and column, through subqueries, joins, aliases and cursors); where it
 * says nothing, or names a table newer than `catalog`, the name of the column decides, `aliases` included.
 */
export function rowPlan(
  bytes: Buffer,
  start: number,
  end: number,
  catalog: MaskCatalog,
  aliases: ReadonlySet<string>,
): RowPlan | undefined {
  const fields = new ByteReader(bytes, start, end)
  const plan: (ColumnMask | undefined)[] = []
  for (let left = fields.uint16(); left > 0; left--) {
    const name = fields.cstring()
    const table = fields.uint32()
    const column = fields.int16()
    const text = TEXTS.has(fields.uint32())
    fields.skip(8)
    const origin = catalog.origin(table, column)
    if (origin === 'clear') plan.push(undefined)
    else if (origin === 'row') plan.push('null')
    else if (origin) plan.push(columnMask(origin))
    else plan.push(byName(name, text, catalog, aliases))
  }
  fields.end()
  return plan.some(mask => mask !== undefined) ? plan : undefined
}

function byName(
  name: string,
  text: boolean,
  catalog: MaskCatalog,
  aliases: ReadonlySet<string>,
): ColumnMask | undefined {
  const named = catalog.named.get(name)
  if (named === undefined && !aliases.has(name)) return undefined
  return text ? (named?.keep ?? 'nothing') : 'null'
}
