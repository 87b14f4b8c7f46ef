import type { Command } from 'commander'

/** Which statements; `statements` and `search` share them. */
export interface FilterOptions {
  readonly object?: string
  readonly verb?: string
  readonly writes?: boolean
  readonly refused?: boolean
}

export function statementFilters(command: Command): Command {
  return command
    .option('--object <name>', 'only what touches this table, view, function …: public.orders, or orders')
    .option('--verb <verb>', 'only these: update, drop, "create table"')
    .option('-w, --writes', 'only what may change rows or state')
    .option('--refused', 'only what was refused')
}

/** As the API takes them; undefined values are left out of the query. */
export function filterQuery({
  object,
  verb,
  writes,
  refused,
}: FilterOptions): Readonly<Record<string, string | undefined>> {
  return {
    object,
    verb,
    writes: writes === true ? 'true' : undefined,
    refused: refused === true ? 'true' : undefined,
  }
}
