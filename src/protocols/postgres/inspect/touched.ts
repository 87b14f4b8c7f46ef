import type { Touched } from '../../../target/action.ts'
import { isNode, listAt, names, nodeAt, textAt, unwrap, type Node } from './tree.ts'
import type { StatementKind } from './kinds.ts'

export type Access = keyof Touched

/** In the order in which people read them. */
export const ACCESSES: readonly Access[] = ['reads', 'changes', 'defines', 'calls']

/** Names of one statement kept; more say no more to a person, and a text can hold a hundred thousand. */
const AT_MOST = 500

/** Collects the names of one statement. */
export class Names {
  readonly #lists: Record<Access, Set<string>> = {
    reads: new Set(),
    changes: new Set(),
    defines: new Set(),
    calls: new Set(),
  }

  add(access: Access, name: string): void {
    if (name !== '' && this.#lists[access].size < AT_MOST) this.#lists[access].add(name)
  }

  addAll(touched: Touched | undefined): void {
    for (const access of ACCESSES) for (const name of touched?.[access] ?? []) this.add(access, name)
  }

  /** The name turned out to stand for something else, as that of a CTE does. Only reading it is taken back. */
  notRead(name: string): void {
    this.#lists.reads.delete(name)
  }

  get touched(): Touched | undefined {
    const said = ACCESSES.filter(access => this.#lists[access].size > 0).map(
      access => [access, [...this.#lists[access]]] as const,
    )
    return said.length === 0 ? undefined : Object.fromEntries(said)
  }
}

/** Everything that any of them touches. */
export function unitedTouched(all: readonly (Touched | undefined)[]): Touched | undefined {
  const [only, other] = all.filter(one => one !== undefined)
  if (other === undefined) return only
  const names = new Names()
  for (const one of all) names.addAll(one)
  return names.touched
}

export function qualified(relation: Node): string {
  return [relation['catalogname'], relation['schemaname'], relation['relname']]
    .filter(part => typeof part === 'string')
    .join('.')
}

/** Fields in which statements name the relations they are about; relations elsewhere are read. */
const RELATIONS = [
  'relation',
  'relations',
  'rels',
  'view',
  'sequence',
  'typevar',
  'table',
  'object',
  'objects',
]
/** Further fields with names, each a single path or word, by statement. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  AlterDatabaseSetStmt: ['dbname'],
  AlterDatabaseStmt: ['dbname'],
  AlterDomainStmt: ['typeName'],
  AlterEnumStmt: ['typeName'],
  AlterExtensionContentsStmt: ['extname'],
  AlterExtensionStmt: ['extname'],
  AlterForeignServerStmt: ['servername'],
  AlterFunctionStmt: ['func'],
  AlterPublicationStmt: ['pubname'],
  AlterRoleSetStmt: ['role'],
  AlterRoleStmt: ['role'],
  AlterStatsStmt: ['defnames'],
  AlterSubscriptionStmt: ['subname'],
  AlterTypeStmt: ['typeName'],
  CreateDomainStmt: ['domainname'],
  CreateEnumStmt: ['typeName'],
  CreateEventTrigStmt: ['trigname'],
  CreateExtensionStmt: ['extname'],
  CreateFdwStmt: ['fdwname'],
  CreateForeignServerStmt: ['servername'],
  CreateFunctionStmt: ['funcname'],
  CreatePublicationStmt: ['pubname'],
  CreateRangeStmt: ['typeName'],
  CreateRoleStmt: ['role'],
  CreateSchemaStmt: ['schemaname'],
  CreateStatsStmt: ['defnames'],
  CreateSubscriptionStmt: ['subname'],
  CreateTableSpaceStmt: ['tablespacename'],
  CreatedbStmt: ['dbname'],
  DefineStmt: ['defnames'],
  DropOwnedStmt: ['roles'],
  DropRoleStmt: ['roles'],
  DropSubscriptionStmt: ['subname'],
  DropTableSpaceStmt: ['tablespacename'],
  DropdbStmt: ['dbname'],
  GrantRoleStmt: ['granted_roles'],
  ImportForeignSchemaStmt: ['remote_schema'],
  IndexStmt: ['idxname'],
}
/** Of these, lists hold one name of several parts; other lists hold several names. */
const PATHS: ReadonlySet<string> = new Set(['funcname', 'defnames', 'domainname', 'typeName'])

export interface Own {
  /** Nodes with a `relname` among them, so that the walk does not count them as read. */
  readonly relations: readonly Node[]
  readonly names: readonly string[]
}

/** What a statement is about by its own words, without what stands in its expressions and inner queries. */
export function ownOf(type: string, fields: Node): Own {
  const relations: Node[] = []
  const found: string[] = []
  const take = (value: unknown): void => {
    if (typeof value === 'string') found.push(value)
    if (!isNode(value)) return
    const { type: inner, fields: below } = unwrap(value) ?? { type: '', fields: value }
    if (typeof below['relname'] === 'string') relations.push(below)
    else if (inner === 'VacuumRelation') take(nodeAt(below, 'relation'))
    else found.push(pathOf(inner, below))
  }
  for (const field of [...RELATIONS, ...(NAMED[type] ?? [])]) {
    const value = fields[field]
    if (!Array.isArray(value)) take(value)
    else if (PATHS.has(field)) found.push(names(listAt(fields, field)).join('.'))
    else for (const item of value) take(item)
  }
  return { relations, names: found }
}

/** How a statement touches what it is about. */
export function accessOf(type: string, fields: Node, kind: StatementKind): Access {
  if (type === 'CopyStmt') return fields['is_from'] === true ? 'changes' : 'reads'
  if (kind.rules.some(rule => DEFINING.has(rule))) return 'defines'
  return kind.writes ? 'changes' : 'reads'
}

const DEFINING: ReadonlySet<string> = new Set(['ddl', 'dcl', 'roles', 'server_settings'])

function pathOf(type: string, fields: Node): string {
  if (type === 'List') return names(listAt(fields, 'items')).join('.')
  if (type === 'String') return textAt(fields, 'sval')
  const path = listAt(fields, 'objname').length > 0 ? listAt(fields, 'objname') : listAt(fields, 'names')
  return names(path).join('.') || textAt(fields, 'rolename') || textAt(fields, 'priv_name')
}
