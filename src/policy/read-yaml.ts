import {
  Composer,
  type CST,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  Parser,
  visit,
} from 'yaml'
import type { Problem } from './problem.ts'
import { placeInScalar } from './place-in-scalar.ts'

export interface SourceFile {
  /** As people name it; only used to say where something is. */
  readonly path: string
  readonly text: string
}

export type Path = readonly (string | number)[]

export interface Place {
  readonly line: number
  readonly column: number
}

/** A file as plain values, and the way back from a value to its place. */
export interface YamlFile {
  readonly path: string
  readonly value: unknown
  /** Where the value at this path begins; of its nearest parent when it is missing. */
  place(path: Path): Place
  /** Where a key itself stands. */
  placeOfKey(path: Path, key: string): Place
  /** Where the character `at` of a text value stands. */
  placeInText(path: Path, at: number): Place
}

export type YamlResult =
  | { readonly ok: true; readonly file: YamlFile }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const LARGEST = 64 * 1024

/**
 * Reads one YAML 1.2 document with line numbers. Anchors, aliases and tags are refused: a reviewer sees all that a
 * procedure says where it says it, and nothing can expand.
 */
export function readYaml({ path, text }: SourceFile): YamlResult {
  const lines = new LineCounter()
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problem = (offset: number, message: string, next: string): Problem => ({
    file: path,
    ...placeAt(offset),
    message,
    next,
  })
  const refuse = (offset: number, message: string, next: string): YamlResult => ({
    ok: false,
    problems: [problem(offset, message, next)],
  })

  if (text.length > LARGEST)
    return refuse(0, `the file is larger than ${LARGEST / 1024} KiB`, 'Split it into several files.')
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const deep = tooDeep(tokens)
  if (deep !== undefined)
    return refuse(deep, `the file nests deeper than ${DEEPEST} levels`, 'Close what is open before it.')
  const composed = [...new Composer({ stringKeys: true }).compose(tokens, true, text.length)]
  const [document, second] = composed
  if (document === undefined) return refuse(0, 'the file holds nothing', 'Write a procedure into it.')
  if (second !== undefined) {
    return refuse(
      second.range[0],
      'the file holds more than one document',
      'Write each procedure into its own file.',
    )
  }
  const problems = [...document.errors, ...document.warnings].map(fault => {
    const message = (fault.message.split('\n')[0] ?? '').replace(/[.:]$/, '')
    return problem(fault.pos[0], `not YAML: ${message}`, 'Check indentation, colons and quotes there.')
  })
  if (problems.length === 0) {
    visit(document, {
      Node(_key, node) {
        const at = node.range?.[0] ?? 0
        if (isAlias(node))
          problems.push(problem(at, 'aliases are not used in procedures', 'Write the value out.'))
        else if (node.anchor !== undefined)
          problems.push(
            problem(at, 'anchors are not used in procedures', 'Write the value out where it is needed.'),
          )
      },
    })
  }
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, 20) }

  const node = (at: Path): Node | undefined => {
    const found: unknown = at.length === 0 ? document.contents : document.getIn(at, true)
    return isNode(found) ? found : undefined
  }
  const start = (at: Path): number => {
    for (let length = at.length; length >= 0; length--) {
      const found = node(at.slice(0, length))
      if (found?.range) return found.range[0]
    }
    return 0
  }
  return {
    ok: true,
    file: {
      path,
      value: document.toJS(),
      place: at => placeAt(start(at)),
      placeOfKey(at, key) {
        const parent = node(at)
        const pair = isMap(parent)
          ? parent.items.find(item => isScalar(item.key) && item.key.value === key)
          : undefined
        return placeAt(isNode(pair?.key) && pair.key.range ? pair.key.range[0] : start(at))
      },
      placeInText(at, offset) {
        const scalar = node(at)
        if (!isScalar(scalar) || isCollection(scalar) || !scalar.range || typeof scalar.value !== 'string')
          return placeAt(start(at))
        const source = text.slice(scalar.range[0], scalar.range[1])
        return placeAt(scalar.range[0] + placeInScalar(source, scalar.value, offset))
      },
    },
  }
}

/** No procedure comes near it. */
const DEEPEST = 40

/**
 * Where the tokens nest too deeply, if they do. The library composes them by recursion, and near the end of the stack it does not
 * throw: a regular expression compiled there aborts the process. Tokens come from a loop and are walked by one.
 */
function tooDeep(tokens: readonly CST.Token[]): number | undefined {
  const open: { readonly token: CST.Token; readonly depth: number }[] = tokens.map(token => ({
    token,
    depth: 0,
  }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (depth > DEEPEST) return token.offset
    if ('items' in token) {
      for (const { key, value } of token.items) {
        if (key) open.push({ token: key, depth: depth + 1 })
        if (value) open.push({ token: value, depth: depth + 1 })
      }
    }
    if (token.type === 'document' && token.value) open.push({ token: token.value, depth })
  }
  return undefined
}
