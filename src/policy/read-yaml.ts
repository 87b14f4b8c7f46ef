import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
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

const LARGEST = 256 * 1024

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

  if (text.length > LARGEST) {
    return {
      ok: false,
      problems: [problem(0, `the file is larger than ${LARGEST / 1024} KiB`, 'Split it into several files.')],
    }
  }
  // Not `logLevel: 'silent'`: the library then drops every document but the first without a word.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,

    stringKeys: true,
  })
  const problems = [...document.errors, ...document.warnings].slice(0, 20).map(fault => {
    const several = fault.code === 'MULTIPLE_DOCS'
    return several
      ? problem(
          fault.pos[0],
          'the file holds more than one document',
          'Write each procedure into its own file.',
        )
      : problem(
          fault.pos[0],
          `not YAML: ${(fault.message.split('\n')[0] ?? '').replace(/[.:]$/, '')}`,
          'Check indentation, colons and quotes there.',
        )
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
