import { Fault } from '../../../kernel/faults.ts'
import type { Keep } from './keep.ts'

/** A column as a procedure names it: `table.column`, `schema.table.column`, with `*` for every table. */
export interface ColumnPattern {
  /** Undefined: in every schema that is not the server's own. */
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly column: string
  readonly keep: Keep
  /** As written. */
  readonly written: string
}

const KEEPS: ReadonlySet<string> = new Set(['nothing', 'domain', 'last4'])

/** Reads the masks of a procedure. Throws Fault `target.misconfigured` for what cannot be kept: a mask nobody applies is worse than none. */
export function readPatterns(
  masks: readonly { readonly column: string; readonly keep: string }[],
): readonly ColumnPattern[] {
  return masks.map(({ column: written, keep }) => {
    const parts = written.split('.')
    const [column = '', table = '', schema] = parts.toReversed()
    const wrong =
      parts.length < 2 || parts.length > 3 || parts.includes('') || column === '*' || !KEEPS.has(keep)
    if (wrong)
      throw new Fault('target.misconfigured', `the procedure masks "${written}", which names no column`, {
        next: 'Have it write table.column, *.column or schema.table.column.',
      })
    return {
      written,
      column,
      keep: keep as Keep,
      table: table === '*' ? undefined : table,
      schema: schema === '*' ? undefined : schema,
    }
  })
}

export function matches(pattern: ColumnPattern, schema: string, table: string, column: string): boolean {
  return (
    pattern.column === column && (pattern.table ?? table) === table && (pattern.schema ?? schema) === schema
  )
}
