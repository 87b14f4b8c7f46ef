import type { Scope, Target } from '../../../kernel/target.ts'
import type { CheckLine } from '../../../target/protocol.ts'
import type { Ask } from './check-line.ts'
import { scopeGrants, TABLE_PRIVILEGES, type HiddenColumn, type RelationGrant } from './scope-role.ts'

interface Relation {
  readonly schema: string
  readonly relation: string
  /** What the role may do, through whatever membership, PUBLIC included. */
  readonly has: readonly string[]
  /** Columns it may read. */
  readonly reads: readonly string[]
  readonly columns: readonly string[]
}

/** Compares what a scope's role may do with tables against the configuration, both ways, and each hidden column. */
export async function checkPrivileges(
  ask: Ask,
  target: Target,
  name: string,
  scope: Scope,
  role: string,
  plan: string,
): Promise<CheckLine[]> {
  const { grants, hidden } = scopeGrants(target, name, scope)
  const relations = await relationsFor(ask, role)
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
  const what = `scope ${name}: ${grant.allow.join(', ')} on ${grant.schema}.${grant.relation}`
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
      .map(word => `${word} on ${one.schema}.${one.relation}`),
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
  const shown = relations.flatMap(one =>
    one.reads
      .filter(column => hides(hidden, one, column))
      .map(column => `${one.schema}.${one.relation}.${column}`),
  )
  const found = relations.some(one => one.columns.some(column => hides(hidden, one, column)))
  const what = `scope ${name}: cannot read ${[hidden.schema, hidden.relation, hidden.column].filter((part, index) => index > 0 || part !== '*').join('.')}`
  if (!found) return { ok: false, level: 'must', what: `${what}: no such column`, next: 'Correct `hide`.' }
  if (shown.length === 0) return { ok: true, level: 'must', what }
  return {
    ok: false,
    level: 'must',
    what: `${what}: but it can, ${shorten(shown)}`,
    next: `${plan} If PUBLIC may read it, revoke that.`,
  }
}

function beyond(name: string, grants: readonly RelationGrant[], relations: readonly Relation[]): CheckLine[] {
  const more = relations.flatMap(one => {
    const allowed = new Set<string>(grants.filter(grant => covers(grant, one)).flatMap(grant => grant.allow))
    const extra = one.has.filter(word => !allowed.has(word))
    if (!allowed.has('select') && one.reads.length > 0 && !extra.includes('select')) extra.push('select')
    return extra.length === 0 ? [] : [`${extra.join(', ')} on ${one.schema}.${one.relation}`]
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
  return grant.schema === one.schema && (grant.relation === '*' || grant.relation === one.relation)
}

function hides(hidden: HiddenColumn, one: Relation, column: string): boolean {
  const fits = (pattern: string, value: string) => pattern === '*' || pattern === value
  return fits(hidden.schema, one.schema) && fits(hidden.relation, one.relation) && fits(hidden.column, column)
}

function shorten(list: readonly string[]): string {
  return list.length <= 5 ? list.join('; ') : `${list.slice(0, 5).join('; ')} and ${list.length - 5} more`
}

function relationsFor(ask: Ask, role: string): Promise<Relation[]> {
  return ask<Relation>(
    `SELECT n.nspname AS schema, c.relname AS relation,
            ARRAY(SELECT p FROM unnest($2::text[]) p WHERE has_table_privilege($1, c.oid, p)) AS has,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                  AND NOT a.attisdropped AND has_column_privilege($1, c.oid, a.attnum, 'select')) AS reads,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                  AND NOT a.attisdropped) AS columns
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     ORDER BY 1, 2`,
    [role, [...TABLE_PRIVILEGES]],
  )
}
