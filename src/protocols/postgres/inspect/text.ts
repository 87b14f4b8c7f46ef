import type { Facts, Finding } from './facts.ts'
import { readStatement, type StatementFacts } from './statement.ts'
import { listAt, nodeAt, type Node } from './tree.ts'

/** The parser's result for one text, read: all statements of the message together. Pure; throws only RangeError, on a tree too deep. */
export function readTree(tree: Node): Facts {
  return combine(listAt(tree, 'stmts').map(raw => readStatement(nodeAt(raw, 'stmt') ?? {}, readAlone)))
}

function readAlone(statement: Node): Facts {
  return combine([readStatement(statement, readAlone)])
}

function combine(statements: readonly StatementFacts[]): Facts {
  const prepares = statements.flatMap(statement => statement.prepares)
  const copies = statements.map(statement => statement.copy).filter(copy => copy !== undefined)
  const copy = copies.includes('in') ? 'in' : copies[0]
  const findings = statements.flatMap(statement => statement.findings)
  if (prepares.length > 1) findings.push({ rule: 'several_prepares', what: 'several PREPARE in one message' })
  return {
    verbs: statements.map(statement => statement.verb),
    writes: statements.some(statement => statement.writes),
    autocommitWrite: statements.length === 1 && statements.every(statement => statement.plainWrite),
    transactionControl: statements.some(statement => statement.transactionControl),
    objects: [...new Set(statements.flatMap(statement => [...statement.objects]))],
    executes: statements.flatMap(statement => statement.executes),
    deallocates: statements.flatMap(statement => statement.deallocates),
    ...(prepares[0] && { prepares: prepares[0] }),
    ...(copy && { copy }),
    findings: distinct(findings),
  }
}

function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map(finding => [`${finding.rule}:${finding.what}`, finding])).values()]
}
