import type { Facts, Finding, Found } from './facts.ts'
import { isBuiltIn } from './builtins.ts'
import { fieldEffect, functionEffect } from './functions.ts'
import { kindOf, verbOf } from './kinds.ts'
import { serverSettingFinding, setConfigFinding, settingFinding } from './settings.ts'
import { accessOf, Names, ownOf, qualified } from './touched.ts'
import { constantText, listAt, locationOf, names, nodeAt, textAt, unwrap, walk, type Node } from './tree.ts'
import { writeFinding } from './write.ts'
import type { RuleName } from './refuse-rules.ts'

const CHANGES_ROWS: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'])

/** What one statement would do; `prepares` and `copy` may occur more than once in a message, so they are lists here. */
export interface StatementFacts {
  verb: string
  writes: boolean
  transactionControl: boolean
  /** A row-changing statement that runs by itself or in a CTE, and nothing else that the write limit could not wrap. */
  plainWrite: boolean
  /** Bytes from the beginning of the text. */
  readonly at: number
  readonly names: Names
  readonly prepares: { readonly name: string; readonly inner: Facts }[]
  readonly executes: string[]
  readonly deallocates: string[]
  copy: 'in' | 'out' | undefined
  readonly findings: Finding[]
}

/**
 * Reads one statement of the tree, all the way down. What runs is told from what is only stored or planned (function bodies,
 * views, plain EXPLAIN): the latter is searched for settings alone. `at`: where it begins, in bytes. `readInner` reads the
 * statement of a PREPARE.
 */
export function readStatement(
  statement: Node,
  at: number,
  readInner: (inner: Node, at: number) => Facts,
): StatementFacts {
  const facts: StatementFacts = {
    verb: 'unknown',
    writes: false,
    transactionControl: false,
    plainWrite: false,
    at,
    names: new Names(),
    prepares: [],
    executes: [],
    deallocates: [],
    copy: undefined,
    findings: [],
  }
  const top = unwrap(statement)
  const kind = top && kindOf(top.type)
  if (!top || !kind) {
    objectTo(facts, 'unparsable', 'a kind of statement this version does not know')
    facts.writes = true
    return facts
  }
  let changing: string | undefined
  const commonTables = new Set<string>()
  const own = new Set<Node>()

  const visitor = (runs: boolean) => {
    const visit = (node: Node, key: string): boolean => {
      if (typeof node['relname'] === 'string' && !own.has(node)) facts.names.add('reads', qualified(node))
      if (key === 'VariableSetStmt' || key === 'setstmt')
        report(facts, settingFinding(node), placeOf(node['location']))
      if (key === 'CommonTableExpr') commonTables.add(textAt(node, 'ctename'))
      if (!runs) return true
      if (CHANGES_ROWS.has(key)) {
        changing ??= key.replace('Stmt', '').toLowerCase()
        const found = writeFinding(key, node)
        if (found) report(facts, found, locationOf(nodeAt(node, 'relation')))
      }
      if (key === 'FuncCall' || key === 'funccall')
        readCall(facts, names(listAt(node, 'funcname')), listAt(node, 'args'), placeOf(node['location']))
      if (key === 'A_Indirection') readFields(facts, listAt(node, 'indirection'), node)
      if (key === 'ColumnRef') readFields(facts, listAt(node, 'fields').slice(1), node)
      if (key === 'intoClause' || key === 'into') created(node)
      if (key === 'intoClause')
        write(facts, 'ddl', 'select into creates a table', locationOf(nodeAt(node, 'rel')))
      readNames(key, node)
      return readDetails(facts, key, node) && stays(node, key)
    }
    const readNames = (key: string, node: Node): void => {
      const kind = kindOf(key)
      if (!kind) return
      const access = accessOf(key, node, kind)
      const { relations, names } = ownOf(key, node)
      for (const name of names) facts.names.add(access, name)
      for (const relation of relations) {
        own.add(relation)
        facts.names.add(access, qualified(relation))
      }
    }
    /** SELECT INTO and CREATE TABLE AS make what they name. */
    const created = (into: Node): void => {
      const relation = nodeAt(into, 'rel')
      if (!relation) return
      own.add(relation)
      facts.names.add('defines', qualified(relation))
    }
    /** Answers false after having walked below with other eyes. */
    const stays = (node: Node, key: string): boolean => {
      const below = kindOf(key)
      if (!below) return true
      const only = key === 'ExplainStmt' && !analyzes(node)
      if (key === 'PrepareStmt') {
        const inner = readInner(nodeAt(node, 'query') ?? {}, at)
        facts.prepares.push({ name: textAt(node, 'name'), inner })
        facts.findings.push(...inner.findings)
        if (inner.touched) facts.names.addAll(inner.touched)
        return false
      }
      if (!below.stores && !only) return true
      for (const [field, value] of Object.entries(node)) walk(value, visitor(false), field)
      return false
    }
    return visit
  }
  walk(statement, visitor(true))

  facts.verb =
    changing ??
    (top.type === 'ExplainStmt' && analyzes(top.fields)
      ? 'explain analyze'
      : verbOf(top.type, top.fields, kind))
  if (changing !== undefined) write(facts)
  facts.plainWrite = changing !== undefined && (CHANGES_ROWS.has(top.type) || top.type === 'SelectStmt')
  for (const name of commonTables) facts.names.notRead(name)
  return facts
}

/** What a statement says beyond its kind, also where it stands inside another. False: what lies below needs no walk. */
function readDetails(facts: StatementFacts, type: string, fields: Node): boolean {
  const kind = kindOf(type)
  if (!kind) return true
  const verb = verbOf(type, fields, kind)
  for (const rule of kind.rules)
    objectTo(facts, rule, rule === 'write_without_where' ? `${verb} empties whole tables` : verb)
  if (kind.writes && !CHANGES_ROWS.has(type)) write(facts)
  switch (type) {
    case 'TransactionStmt':
      facts.transactionControl = true
      if (/PREPARE/.test(textAt(fields, 'kind'))) objectTo(facts, 'two_phase', verb)
      return true
    case 'ExecuteStmt':
      facts.executes.push(textAt(fields, 'name'))
      return true
    case 'DeallocateStmt':
      facts.deallocates.push(fields['isall'] === true ? '*' : textAt(fields, 'name'))
      return true
    case 'DiscardStmt':
      if (textAt(fields, 'target') === 'DISCARD_ALL') facts.deallocates.push('*')
      return true
    case 'CopyStmt':
      readCopy(facts, fields)
      return true
    case 'TruncateStmt':
      report(facts, writeFinding(type, fields))
      return true
    case 'AlterSystemStmt':
      report(facts, serverSettingFinding(nodeAt(fields, 'setstmt') ?? {}))
      return true
    case 'AlterTableStmt':
      if (
        listAt(fields, 'cmds').some(
          cmd => textAt(nodeAt(cmd, 'AlterTableCmd') ?? {}, 'subtype') === 'AT_ChangeOwner',
        )
      ) {
        objectTo(facts, 'dcl', 'alter table owner')
      }
      return true
    case 'RenameStmt':
      if (textAt(fields, 'renameType') === 'OBJECT_ROLE') objectTo(facts, 'roles', 'alter role rename')
      return true
    case 'DoStmt':
      readLanguage(facts, listAt(fields, 'args'))
      return true
    case 'CreateFunctionStmt':
      readLanguage(facts, listAt(fields, 'options'))
      return true
    default:
      return true
  }
}

function readCopy(facts: StatementFacts, fields: Node): void {
  const from = fields['is_from'] === true
  const direction = from ? 'from' : 'to'
  if (fields['is_program'] === true) objectTo(facts, 'copy_program', `copy ${direction} program`)
  else if (fields['filename'] !== undefined)
    objectTo(facts, 'server_files', `copy ${direction} a file of the server`)
  else facts.copy = from ? 'in' : 'out'
  if (facts.copy === 'out') objectTo(facts, 'copy_out', 'copy to stdout')
  if (!from) return
  write(facts)
  report(facts, writeFinding('CopyStmt', fields))
}

/** C and internal functions are native code; a language with an `u` at its end is untrusted by convention, as are these two. */
function readLanguage(facts: StatementFacts, options: readonly Node[]): void {
  for (const option of options) {
    const { defname, arg, location } = nodeAt(option, 'DefElem') ?? {}
    const language = defname === 'language' ? constantText(arg as Node | undefined)?.toLowerCase() : undefined
    if (language !== undefined && /^(c|internal|plsh|plr|.*u)$/.test(language)) {
      objectTo(facts, 'server_code', 'code in a language that is not confined', placeOf(location))
    }
  }
}

function readCall(
  facts: StatementFacts,
  path: readonly string[],
  args: readonly Node[],
  at: number | undefined,
): void {
  const name = path.at(-1)
  const inCatalog = path.length === 1 || path.at(-2) === 'pg_catalog'
  if (name === 'set_config' && inCatalog) return report(facts, setConfigFinding(args), at)
  // ts_rewrite(query, target, substitute) computes; ts_rewrite(query, text) runs the text.
  if (name === 'ts_rewrite' && inCatalog) {
    if (args.length < 3) write(facts, 'hidden_sql', 'calls a function that runs SQL given as text', at)
    return
  }
  const effect = functionEffect(path)
  if (!effect) {
    if (isBuiltIn(path)) return
    facts.writes = true
    facts.names.add('calls', path.join('.'))
    return objectTo(facts, 'unknown_functions', 'calls a function that is not built in', at)
  }
  facts.names.add('calls', path.join('.'))
  if (effect.writes) write(facts)
  if (effect.rule) objectTo(facts, effect.rule, effect.what, at)
}

/**
 * `('…'::text).pg_read_file`, `t.pg_read_file FROM unnest(…) t`: PostgreSQL takes a field that the value does not have for a call
 * of the function of that name.
 */
function readFields(facts: StatementFacts, fields: readonly Node[], whole: Node): void {
  for (const field of fields) {
    const name = textAt(nodeAt(field, 'String') ?? {}, 'sval')
    if (name !== '' && fieldEffect(name)) readCall(facts, [name], [], locationOf(whole))
  }
}

/** Whether EXPLAIN runs what it explains. Given several times the last counts for the server; here any that says yes does. */
function analyzes(explain: Node): boolean {
  return listAt(explain, 'options').some(option => {
    const { defname, arg } = nodeAt(option, 'DefElem') ?? {}
    if (defname !== 'analyze') return false
    const value = arg === undefined ? 'on' : constantText(arg as Node)?.toLowerCase()
    return value === undefined || !['false', 'off', '0'].includes(value)
  })
}

/** A place the parser gives; -1 is none, and the parser leaves out 0. */
function placeOf(location: unknown): number | undefined {
  return typeof location === 'number' && location >= 0 ? location : undefined
}

/** Without a place of its own a finding stands at the beginning of its statement. */
function objectTo(facts: StatementFacts, rule: RuleName, what: string, at: number = facts.at): void {
  facts.findings.push({ rule, what, at })
}

function report(facts: StatementFacts, found: Found | undefined, at?: number): void {
  if (found) objectTo(facts, found.rule, found.what, found.at ?? at)
}

function write(facts: StatementFacts, rule?: RuleName, what = '', at?: number): void {
  facts.writes = true
  objectTo(facts, 'writes', 'changes rows or state')
  if (rule) objectTo(facts, rule, what, at)
}
