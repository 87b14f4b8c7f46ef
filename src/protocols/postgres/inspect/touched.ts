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
  readonly #lists: Partial<Record<Access, Set<string>>> = {}

  add(access: Access, name: string): void {
    if (name === '') return
    const list = (this.#lists[access] ??= new Set())
    if (list.size < AT_MOST) list.add(name)
  }

  addAll(touched: Touched): void {
    for (const access of ACCESSES) for (const name of touched[access] ?? []) this.add(access, name)
  }

  /** The name turned out to stand for something else, as that of a CTE does. Only reading it is taken back. */
  notRead(name: string): void {
    this.#lists.reads?.delete(name)
  }

  get touched(): Touched | undefined {
    let said: Partial<Record<Access, readonly string[]>> | undefined
    for (const access of ACCESSES) {
      const list = this.#lists[access]
      if (list !== undefined && list.size > 0) (said ??= {})[access] = [...list]
    }
    return said
  }
}

/** Everything that any of them touches. */
export function unitedTouched(all: readonly (Touched | undefined)[]): Touched | undefined {
  if (all.length === 1) return all[0]
  const names = new Names()
  for (const one of all) if (one !== undefined) names.addAll(one)
  return names.touched
}

export function qualified(relation: Node): string {
  return [relation['catalogname'], relation['schemaname'], relation['relname']]
    .filter(part => typeof part === 'string')
    .join('.')
}

/** Fields in which statements name the relations they are about; relations elsewhere are read. */
const RELATIONS: ReadonlySet<string> = new Set(
  'relation relations rels view sequence typevar table object objects'.split(' '),
)
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

const NOTHING_OWN: Own = { relations: [], names: [] }

interface Own {
  /** Nodes with a `relname` among them, so that the walk does not count them as read. */
  readonly relations: readonly Node[]
  readonly names: readonly string[]
}

/** What a statement is about by its own words, without what stands in its expressions and inner queries. */
export function ownOf(type: string, fields: Node): Own {
  if (type === 'SelectStmt') return NOTHING_OWN
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
  const named = NAMED[type]
  for (const [field, value] of Object.entries(fields)) {
    if (!RELATIONS.has(field) && named?.includes(field) !== true) continue
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
