import type { Facts, Finding, StatementFact } from './facts.ts'
import { readStatement, type StatementFacts } from './statement.ts'
import { unitedTouched } from './touched.ts'
import { listAt, nodeAt, type Node } from './tree.ts'

/** Statements of a text that are told one by one; of a longer text the others are in `verbs` and in what all touch together. */
const TOLD_AT_MOST = 100
/** Names told with single statements; behind them only those of all together. */
const NAMES_AT_MOST = 2000

/**
 * The parser's result for one text, read: all statements of the message together. Places are in bytes still (`placed`). Pure;
 * throws only RangeError, on a tree too deep.
 */
export function readTree(tree: Node): Facts {
  const raw = listAt(tree, 'stmts')
  const statements = raw.map(one =>
    readStatement(nodeAt(one, 'stmt') ?? {}, numberAt(one, 'stmt_location'), readAlone),
  )
  return combine(
    statements,
    raw.map(one => numberAt(one, 'stmt_len')),
  )
}

function readAlone(statement: Node, at: number): Facts {
  return combine([readStatement(statement, at, readAlone)], [0])
}

function combine(statements: readonly StatementFacts[], lengths: readonly number[]): Facts {
  const prepares = statements.flatMap(statement => statement.prepares)
  const copies = statements.map(statement => statement.copy).filter(copy => copy !== undefined)
  const copy = copies.includes('in') ? 'in' : copies[0]
  const findings = statements.flatMap(statement => statement.findings)
  if (prepares.length > 1) {
    const [, second] = statements.filter(statement => statement.prepares.length > 0)
    findings.push({ rule: 'several_prepares', what: 'several PREPARE in one message', at: second?.at ?? 0 })
  }
  const told = statements.map((statement, index) => fact(statement, lengths[index] ?? 0))
  const touched = unitedTouched(told.map(one => one.touched))
  return {
    verbs: statements.map(statement => statement.verb),
    writes: statements.some(statement => statement.writes),
    autocommitWrite: statements.length === 1 && statements.every(statement => statement.plainWrite),
    transactionControl: statements.some(statement => statement.transactionControl),
    ...(touched && { touched }),
    statements: bounded(told),
    executes: statements.flatMap(statement => statement.executes),
    deallocates: statements.flatMap(statement => statement.deallocates),
    ...(prepares[0] && { prepares: prepares[0] }),
    ...(copy && { copy }),
    findings: distinct(findings),
  }
}

function fact({ verb, writes, names, at }: StatementFacts, length: number): StatementFact {
  const { touched } = names
  return { verb, writes, ...(touched && { touched }), at, length }
}

function bounded(told: readonly StatementFact[]): readonly StatementFact[] {
  let left = NAMES_AT_MOST
  return told.slice(0, TOLD_AT_MOST).map(statement => {
    const { touched, ...rest } = statement
    for (const names of Object.values(touched ?? {})) left -= names.length
    return left < 0 ? rest : statement
  })
}

/** The first place of each is told. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const first = new Map<string, Finding>()
  for (const finding of findings) {
    const key = `${finding.rule}:${finding.what}`
    if (!first.has(key)) first.set(key, finding)
  }
  return [...first.values()]
}

function numberAt(node: Node, key: string): number {
  const value = node[key]
  return typeof value === 'number' ? value : 0
}
