import { readPatterns } from '../mask/column-pattern.ts'
import type { Column } from './table.ts'

/** Whether a column's values are not for the eyes of this session. In the inverse they stay as they are: it is sealed. */
export type Covered = (column: Column) => boolean

/**
 * By the name of the column alone, in whichever table: more than the masks of results, as nothing is lost by a word less in a
 * notice, and partitions and children of a masked table are covered as well.
 */
export function coveredBy(masks: Parameters<typeof readPatterns>[0]): Covered {
  const names = new Set(readPatterns(masks).map(pattern => pattern.column))
  return column => names.has(column.name)
}
