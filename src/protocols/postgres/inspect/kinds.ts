import type { RuleName } from './refuse-rules.ts'
import { textAt, type Node } from './tree.ts'

/** A kind of statement, before its details are looked at. */
export interface StatementKind {
  readonly verb: string
  readonly writes: boolean
  readonly rules: readonly RuleName[]
  /** What it holds is stored or planned, not run: a function body, a view, a rule, a policy, a column default. */
  readonly stores: boolean
}

const kinds = new Map<string, StatementKind>()

function add(list: string, rules: readonly RuleName[], { writes = true, stores = false } = {}): void {
  for (const entry of list.trim().split(/\s*,\s*/)) {
    const [type = '', verb = ''] = entry.split(/\s*:\s*/)
    kinds.set(`${type}Stmt`, { verb, writes, rules, stores })
  }
}

// Every statement of the grammar is named; one that is not here is refused (`unparsable`), whatever it may be.
add('Insert: insert, Update: update, Delete: delete, Merge: merge, Call: call', [])
add(
  `Select: select, Explain: explain, Prepare: prepare, Execute: execute, Deallocate: deallocate, Transaction: transaction,
  VariableSet: set, VariableShow: show, Discard: discard, DeclareCursor: declare, ClosePortal: close, Fetch: fetch,
  ConstraintsSet: set constraints, Return: return`,
  [],
  { writes: false },
)
add('Copy: copy', [], { writes: false })
add('Truncate: truncate', ['write_without_where'])
add('Lock: lock', ['locks'], { writes: false })
add('Listen: listen, Unlisten: unlisten', ['notifications'], { writes: false })
add('Notify: notify', ['notifications'])
add('Vacuum: vacuum, Cluster: cluster, Reindex: reindex, RefreshMatView: refresh materialized view', [
  'maintenance',
])
add('CheckPoint: checkpoint', ['maintenance'], { writes: false })
add('Load: load', ['server_code'])
add('AlterSystem: alter system, AlterDatabaseSet: alter database set', ['server_settings'])
add(
  'CreateRole: create role, AlterRole: alter role, AlterRoleSet: alter role set, DropRole: drop role, GrantRole: grant role',
  ['roles'],
)
add('Grant: grant, AlterDefaultPrivileges: alter default privileges, SecLabel: security label', ['dcl'])
add('AlterOwner: alter owner, ReassignOwned: reassign owned, DropOwned: drop owned', ['ddl', 'dcl'])
add('CreateSubscription: create subscription, AlterSubscription: alter subscription', [
  'outside_connections',
  'ddl',
])
add('ImportForeignSchema: import foreign schema', ['outside_connections', 'ddl'])
add('CreateTableSpace: create tablespace', ['server_files', 'ddl'])
add('Do: do', ['do_blocks'])
add(
  `Create: create table, CreateForeignTable: create foreign table, View: create view, Rule: create rule,
  CreateFunction: create function, CreateTrig: create trigger, CreatePolicy: create policy, AlterPolicy: alter policy,
  CreateDomain: create domain, CreatePublication: create publication, AlterPublication: alter publication`,
  ['ddl'],
  { stores: true },
)
add(
  `CreateTableAs: create table as, CreateSchema: create schema, AlterTable: alter table, AlterCollation: alter collation,
  AlterDomain: alter domain, DropTableSpace: drop tablespace, AlterTableSpaceOptions: alter tablespace,
  AlterTableMoveAll: alter table, CreateExtension: create extension, AlterExtension: alter extension,
  AlterExtensionContents: alter extension, CreateFdw: create foreign data wrapper, AlterFdw: alter foreign data wrapper,
  CreateForeignServer: create server, AlterForeignServer: alter server, CreateUserMapping: create user mapping,
  AlterUserMapping: alter user mapping, DropUserMapping: drop user mapping, CreateAm: create access method,
  CreateEventTrig: create event trigger, AlterEventTrig: alter event trigger, CreatePLang: create language,
  CreateSeq: create sequence, AlterSeq: alter sequence, Define: create, CreateOpClass: create operator class,
  CreateOpFamily: create operator family, AlterOpFamily: alter operator family, Drop: drop, Comment: comment,
  Index: create index, CreateStats: create statistics, AlterStats: alter statistics, AlterFunction: alter function,
  Rename: rename, AlterObjectDepends: alter depends, AlterObjectSchema: alter set schema, AlterOperator: alter operator,
  AlterType: alter type, CompositeType: create type, CreateEnum: create type, CreateRange: create type,
  AlterEnum: alter type, Createdb: create database, AlterDatabase: alter database,
  AlterDatabaseRefreshColl: alter database, Dropdb: drop database, CreateConversion: create conversion,
  CreateCast: create cast, CreateTransform: create transform, AlterTSDictionary: alter text search dictionary,
  AlterTSConfiguration: alter text search configuration, DropSubscription: drop subscription`,
  ['ddl'],
)

export function kindOf(type: string): StatementKind | undefined {
  return kinds.get(type)
}

/** The verb of a statement by itself: the kind's, or what its details make of it (`drop table`, `commit`, `reset`). */
export function verbOf(type: string, fields: Node, kind: StatementKind): string {
  switch (type) {
    case 'TransactionStmt':
      return words(textAt(fields, 'kind'), 'TRANS_STMT_')
    case 'VariableSetStmt':
      return textAt(fields, 'kind').startsWith('VAR_RESET') ? 'reset' : 'set'
    case 'DropStmt':
      return `drop ${words(textAt(fields, 'removeType'), 'OBJECT_').replace('matview', 'materialized view')}`
    case 'CreateTableAsStmt':
      return textAt(fields, 'objtype') === 'OBJECT_MATVIEW' ? 'create materialized view' : kind.verb
    case 'GrantStmt':
    case 'GrantRoleStmt':
      return fields['is_grant'] === true ? kind.verb : kind.verb.replace('grant', 'revoke')
    default:
      return kind.verb
  }
}

function words(constant: string, prefix: string): string {
  return constant.replace(prefix, '').replaceAll('_', ' ').toLowerCase()
}
