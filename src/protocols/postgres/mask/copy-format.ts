import { constantText, nodeAt, textAt, type Node } from '../inspect/tree.ts'
import type { CopyFormat } from './outline.ts'

const TRUE = new Set(['true', 'on', '1'])
const FALSE = new Set(['false', 'off', '0'])

/**
 * The format a COPY … TO asks for. Undefined when an option is unknown, given twice or of a value we cannot follow; such a COPY
 * of masked columns is refused. Another ENCODING could hide an ASCII byte inside a character, so only UTF8 is followed.
 */
export function copyFormat(options: readonly Node[]): CopyFormat | undefined {
  const given = new Map<string, string>()
  for (const option of options) {
    const element = nodeAt(option, 'DefElem') ?? {}
    const name = textAt(element, 'defname')
    const value = element['arg'] === undefined ? 'true' : constantText(nodeAt(element, 'arg'))
    if (given.has(name)) return undefined
    // Columns, not a constant: which fields are quoted is seen in the data.
    given.set(name, name === 'force_quote' ? '' : (value ?? '\0'))
  }
  const take = (name: string, fallback: string): string => {
    const value = given.get(name) ?? fallback
    given.delete(name)
    return value
  }
  given.delete('force_quote')
  const kind = take('format', 'text').toLowerCase()
  if (kind !== 'text' && kind !== 'csv' && kind !== 'binary') return undefined
  const header = take('header', 'false').toLowerCase()
  if (!TRUE.has(header) && !FALSE.has(header)) return undefined
  if (!/^utf_?-?8$/i.test(take('encoding', 'UTF8'))) return undefined
  const quote = take('quote', '"')
  const format: CopyFormat = {
    kind,
    delimiter: take('delimiter', kind === 'csv' ? ',' : '\t'),
    nullText: take('null', kind === 'csv' ? '' : '\\N'),
    header: TRUE.has(header),
    quote,
    escape: take('escape', quote),
  }
  const bytes = [format.delimiter, format.quote, format.escape]
  const followed = given.size === 0 && bytes.every(one => one.length === 1 && one.charCodeAt(0) < 128)
  return followed ? format : undefined
}
