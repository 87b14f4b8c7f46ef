import { sha256Hex } from '../../../kernel/bytes.ts'
import { Fault } from '../../../kernel/faults.ts'
import type { Scope, Target } from '../../../kernel/target.ts'
import { readSettings } from './settings.ts'

/** Table privileges of PostgreSQL ("Privileges"), as procedures write them. */
export const TABLE_PRIVILEGES = [
  'select',
  'insert',
  'update',
  'delete',
  'truncate',
  'references',
  'trigger',
] as const
export type TablePrivilege = (typeof TABLE_PRIVILEGES)[number]

const LONGEST_ROLE = 63

/** The role a scope stands for: an existing one, or the one that `plan` installs. */
export function scopeRole(target: Target, name: string): string {
  const scope = target.scopes[name]
  if (scope === undefined) {
    throw new Fault('target.misconfigured', `the target ${target.name} has no scope ${name}`, {
      next: `Use one of: ${Object.keys(target.scopes).join(', ') || 'none is configured'}.`,
    })
  }
  if (scope.as !== undefined) return scope.as
  // Names of targets and scopes have no dot, so no two scopes share a role.
  return roleName(`bg_scope_${target.name}.${name}`)
}

/** As it is when the server takes it whole; otherwise cut, and told apart by its digest. ASCII only. */
export function roleName(name: string): string {
  if (name.length <= LONGEST_ROLE) return name
  return `${name.slice(0, LONGEST_ROLE - 9)}_${sha256Hex(name).slice(0, 8)}`
}

export interface RelationGrant {
  /** `*`: each database of the target. */
  readonly database: string
  readonly schema: string
  /** `*`: every table, view and foreign table of the schema at the time the plan runs. */
  readonly relation: string
  readonly allow: readonly TablePrivilege[]
}

export interface HiddenColumn {
  /** `*` where the configuration names none. */
  readonly database: string
  readonly schema: string
  readonly relation: string
  readonly column: string
}

/** What a scope grants, parsed. Fault `config.invalid` names the entry that does not fit. */
export function scopeGrants(
  target: Target,
  name: string,
  scope: Scope,
): { grants: readonly RelationGrant[]; hidden: readonly HiddenColumn[] } {
  const at = `targets.${target.name}.scopes.${name}`
  const { databases } = readSettings(target)
  const grants = (scope.privileges ?? []).map(({ on, allow }) => {
    const parts = split(on)
    const [relation, schema, database = '*'] = parts.toReversed()
    if (schema === undefined || relation === undefined || parts.length > 3 || schema === '*') {
      throw invalid(
        `${at}.privileges: ${JSON.stringify(on)} is not schema.table, schema.* or database.schema.table`,
      )
    }
    known(database, databases, `${at}.privileges: ${JSON.stringify(on)}`)
    return { database, schema, relation, allow: allow.map(word => privilege(word, at)) }
  })
  const hidden = (scope.hide ?? []).map(entry => {
    const parts = split(entry)
    const [column, relation, schema = '*', database = '*'] = parts.toReversed()
    if (column === undefined || relation === undefined || parts.length > 4) {
      throw invalid(
        `${at}.hide: ${JSON.stringify(entry)} is not table.column, schema.table.column or database.schema.table.column`,
      )
    }
    known(database, databases, `${at}.hide: ${JSON.stringify(entry)}`)
    return { database, schema, relation, column }
  })
  return { grants, hidden }
}

/** All scopes of a target, for `checkSettings`. */
export function checkScopes(target: Target): void {
  for (const [name, scope] of Object.entries(target.scopes)) scopeGrants(target, name, scope)
}

function known(database: string, databases: readonly string[], at: string): void {
  if (database !== '*' && !databases.includes(database))
    throw invalid(`${at}: ${database} is not a database of the target (${databases.join(', ')})`)
}

function privilege(word: string, at: string): TablePrivilege {
  const found = TABLE_PRIVILEGES.find(known => known === word.toLowerCase())
  if (found === undefined)
    throw invalid(`${at}.privileges: ${JSON.stringify(word)} is not one of ${TABLE_PRIVILEGES.join(', ')}`)
  return found
}

/** `a.b.c` and `"a.b".c`: double quotes keep a dot inside a name. */
function split(text: string): string[] {
  const parts = [...text.matchAll(/(?:^|\.)(?:"((?:[^"]|"")+)"|([^".]+))/g)]
  const whole = parts.map(part => part[0]).join('')
  return whole === text ? parts.map(part => part[1]?.replaceAll('""', '"') ?? part[2] ?? '') : []
}

function invalid(what: string): Fault {
  return new Fault('config.invalid', what, { next: 'Run `breakglass policy check` after the change.' })
}
