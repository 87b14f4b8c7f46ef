import type { CheckLine } from '../../../target/protocol.ts'
import type { Ask } from './check-line.ts'

/**
 * What this target gives everybody, and so every emergency login as well: the promise is the scope plus this (DESIGN §1.4).
 * Facts to read, neither good nor bad; the owner decides.
 */
export async function checkPublic(ask: Ask, reached: readonly string[]): Promise<CheckLine[]> {
  const info = (what: string): CheckLine => ({ ok: true, level: 'info', what })
  const lines: CheckLine[] = []

  const schemas = await ask<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace WHERE has_schema_privilege('public', oid, 'create') AND nspname !~ '^pg_' ORDER BY 1`,
  )
  if (schemas.length > 0) lines.push(info(`everybody may create objects in: ${list(schemas)}`))

  const tables = await ask<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND (has_any_column_privilege('public', c.oid, 'select, insert, update') OR has_table_privilege('public', c.oid, 'delete, truncate'))
     ORDER BY 1`,
  )
  if (tables.length > 0) lines.push(info(`everybody may use the tables: ${list(tables)}`))

  const functions = await ask<{ name: string }>(
    `SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND has_function_privilege('public', p.oid, 'execute') ORDER BY 1`,
  )
  if (functions.length > 0)
    lines.push(info(`everybody may call functions that run with their owner's rights: ${list(functions)}`))

  const languages = await ask<{ name: string }>(
    `SELECT lanname AS name FROM pg_language WHERE lanpltrusted AND has_language_privilege('public', oid, 'usage') ORDER BY 1`,
  )
  if (languages.length > 0)
    lines.push(info(`everybody may write functions and DO blocks in: ${list(languages)}`))

  const [database] = await ask<{ temp: boolean }>(
    `SELECT has_database_privilege('public', current_database(), 'temporary') AS temp`,
  )
  if (database?.temp) lines.push(info('everybody may create temporary tables'))

  const others = await ask<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datname = ANY ($1)
       AND has_database_privilege('public', oid, 'connect') ORDER BY 1`,
    [reached],
  )
  if (others.length > 0)
    lines.push(info(`everybody may connect to the databases: ${list(others)} (the gateway does not)`))
  return lines
}

function list(rows: readonly { readonly name: string }[]): string {
  const names = rows.slice(0, 8).map(row => row.name)
  return rows.length <= 8 ? names.join(', ') : `${names.join(', ')} and ${rows.length - 8} more`
}
