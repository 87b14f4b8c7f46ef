import type { Scope, Target } from '../../../kernel/target.ts'
import type { CheckLine } from '../../../target/protocol.ts'
import type { Ask } from './check-line.ts'
import { scopeGrants, TABLE_PRIVILEGES, type HiddenColumn, type RelationGrant } from './scope-role.ts'

/** A table, view or foreign table of one database. */
export interface Relation {
  readonly database: string
  readonly schema: string
  readonly relation: string
  /** What the role may do, through whatever membership, PUBLIC included. */
  readonly has: readonly string[]
  /** Columns it may read. */
  readonly reads: readonly string[]
  readonly columns: readonly string[]
}

/**
 * Compares what a scope's role may do with tables against the configuration, both ways, and each hidden column. `relations` are
 * those of all databases of the target. Pure.
 */
export function checkPrivileges(
  target: Target,
  name: string,
  scope: Scope,
  relations: readonly Relation[],
  plan: string,
): CheckLine[] {
  const { grants, hidden } = scopeGrants(target, name, scope)
  return [
    ...grants.map(grant => granted(name, grant, hidden, relations, plan)),
    ...hidden.map(column => isHidden(name, column, relations, plan)),
    ...beyond(name, grants, relations),
  ]
}

function granted(
  name: string,
  grant: RelationGrant,
  hidden: readonly HiddenColumn[],
  relations: readonly Relation[],
  plan: string,
): CheckLine {
  const what = `scope ${name}: ${grant.allow.join(', ')} on ${written(grant.database, grant.schema, grant.relation)}`
  const meant = relations.filter(one => covers(grant, one))
  if (meant.length === 0)
    return {
      ok: false,
      level: 'must',
      what: `${what}: no such table`,
      next: 'Correct `on`, or create the table.',
    }
  const lacking = meant.flatMap(one =>
    grant.allow
      .filter(word => (word === 'select' ? !readsAllBut(one, hidden) : !one.has.includes(word)))
      .map(word => `${word} on ${shown(one, relations)}`),
  )
  if (lacking.length === 0) return { ok: true, level: 'must', what }
  return { ok: false, level: 'must', what: `${what}: lacks ${shorten(lacking)}`, next: plan }
}

function readsAllBut(one: Relation, hidden: readonly HiddenColumn[]): boolean {
  return one.columns.every(
    column => one.reads.includes(column) || hidden.some(each => hides(each, one, column)),
  )
}

function isHidden(
  name: string,
  hidden: HiddenColumn,
  relations: readonly Relation[],
  plan: string,
): CheckLine {
  const readable = relations.flatMap(one =>
    one.reads
      .filter(column => hides(hidden, one, column))
      .map(column => `${shown(one, relations)}.${column}`),
  )
  const found = relations.some(one => one.columns.some(column => hides(hidden, one, column)))
  const what = `scope ${name}: cannot read ${written(hidden.database, hidden.schema, hidden.relation, hidden.column)}`
  if (!found) return { ok: false, level: 'must', what: `${what}: no such column`, next: 'Correct `hide`.' }
  if (readable.length === 0) return { ok: true, level: 'must', what }
  return {
    ok: false,
    level: 'must',
    what: `${what}: but it can, ${shorten(readable)}`,
    next: `${plan} If PUBLIC may read it, revoke that.`,
  }
}

function beyond(name: string, grants: readonly RelationGrant[], relations: readonly Relation[]): CheckLine[] {
  const more = relations.flatMap(one => {
    const allowed = new Set<string>(grants.filter(grant => covers(grant, one)).flatMap(grant => grant.allow))
    const extra = one.has.filter(word => !allowed.has(word))
    if (!allowed.has('select') && one.reads.length > 0 && !extra.includes('select')) extra.push('select')
    return extra.length === 0 ? [] : [`${extra.join(', ')} on ${shown(one, relations)}`]
  })
  if (more.length === 0)
    return [
      { ok: true, level: 'should', what: `scope ${name}: no table privilege beyond the configured ones` },
    ]
  return [
    {
      ok: false,
      level: 'should',
      what: `scope ${name}: also has ${shorten(more)}`,
      next: 'Revoke it from the role, or from PUBLIC.',
    },
  ]
}

function covers(grant: RelationGrant, one: Relation): boolean {
  const fits = (pattern: string, value: string) => pattern === '*' || pattern === value
  return (
    fits(grant.database, one.database) && grant.schema === one.schema && fits(grant.relation, one.relation)
  )
}

function hides(hidden: HiddenColumn, one: Relation, column: string): boolean {
  const fits = (pattern: string, value: string) => pattern === '*' || pattern === value
  return (
    fits(hidden.database, one.database) &&
    fits(hidden.schema, one.schema) &&
    fits(hidden.relation, one.relation) &&
    fits(hidden.column, column)
  )
}

function shorten(list: readonly string[]): string {
  return list.length <= 5 ? list.join('; ') : `${list.slice(0, 5).join('; ')} and ${list.length - 5} more`
}

/** As the configuration writes it: database and schema only where it names one. */
function written(database: string, schema: string, ...rest: readonly string[]): string {
  const named = database !== '*' ? [database, schema] : schema !== '*' ? [schema] : []
  return [...named, ...rest].join('.')
}

/** With its database when there are several. */
function shown(one: Relation, all: readonly Relation[]): string {
  const several = all.some(other => other.database !== one.database)
  return `${several ? `${one.database}.` : ''}${one.schema}.${one.relation}`
}

/** Undefined when the role does not exist. A privilege counts where the role may use the schema. */
export async function relationsIn(
  ask: Ask,
  database: string,
  role: string,
): Promise<readonly Relation[] | undefined> {
  const [known] = await ask('SELECT FROM pg_roles WHERE rolname = $1', [role])
  if (!known) return undefined
  const rows = await ask<Omit<Relation, 'database'>>(
    `SELECT n.nspname AS schema, c.relname AS relation,
            ARRAY(SELECT p FROM unnest($2::text[]) p WHERE has_table_privilege($1, c.oid, p)
                  AND has_schema_privilege($1, n.oid, 'usage')) AS has,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                  AND NOT a.attisdropped AND has_column_privilege($1, c.oid, a.attnum, 'select')
                  AND has_schema_privilege($1, n.oid, 'usage')) AS reads,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                  AND NOT a.attisdropped) AS columns
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     ORDER BY 1, 2`,
    [role, [...TABLE_PRIVILEGES]],
  )
  return rows.map(row => ({ database, ...row }))
}
