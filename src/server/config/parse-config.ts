import { isMap, isNode, isPair, LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { configFault, type ConfigProblem } from './problem.ts'
import { configSchema, type ConfigFile } from './schema.ts'

/** What a check after the schema found: the path in the document, the words. */
export interface Finding {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly next?: string
}

export interface ParsedConfig {
  readonly written: ConfigFile
  /** Turns findings about the same document into problems with line and column. */
  readonly locate: (findings: readonly Finding[]) => readonly ConfigProblem[]
}

/** Reads the text of a `breakglass.yaml`. Pure. Fault `config.invalid` lists every problem with line and column. */
export function parseConfig(text: string, file: string): ParsedConfig {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, version: '1.2' })
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  if (document.errors.length > 0)
    throw configFault(document.errors.map(error => ({ file, ...at(error.pos[0]), message: error.message })))
  const locate = (findings: readonly Finding[]): readonly ConfigProblem[] =>
    findings.map(({ path, message, next }) => ({
      file,
      ...at(offsetOf(document, path)),
      message: path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`,
      ...(next === undefined ? {} : { next }),
    }))
  const checked = configSchema.safeParse(document.toJS() ?? {}, { reportInput: true })
  if (!checked.success) throw configFault(locate(checked.error.issues.flatMap(findings)))
  return { written: checked.data, locate }
}

function findings(issue: z.core.$ZodIssue): readonly Finding[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({
      path: [...issue.path, key],
      message: 'is not known here',
      next: 'correct the name or remove it',
    }))
  if (issue.code === 'invalid_type' && issue.input === undefined)
    return [{ path: issue.path, message: 'is missing' }]
  if (issue.code === 'invalid_key')
    return issue.issues.map(inner => ({ path: issue.path, message: `the name is not ${inner.message}` }))
  return [
    {
      path: issue.path,
      message: issue.message.startsWith('Invalid input: ')
        ? issue.message.slice('Invalid input: '.length)
        : issue.message,
    },
  ]
}

/** The key of the last step that exists: a missing field is reported at the block that should hold it. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        item =>
          isPair(item) &&
          String(isNode(item.key) && 'value' in item.key ? item.key.value : item.key) === String(step),
      )
      if (pair === undefined) break
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isNode(node) && 'items' in node) {
      node = node.items[Number(step)]
      if (isNode(node)) offset = node.range?.[0] ?? offset
      else break
    } else break
  }
  return offset
}
