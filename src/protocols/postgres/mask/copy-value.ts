import type { CopyFormat } from './outline.ts'

/** Letters that stand for control characters in COPY's text format ("COPY", "Text Format"). */
const CONTROLS: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])
const LETTERS: ReadonlyMap<string, string> = new Map(
  [...CONTROLS].map(([letter, control]) => [control, letter]),
)

/** The value of a field as COPY wrote it; `raw` may be the end of a longer one. One character per byte, in and out. */
export function copyDecode(raw: string, quoted: boolean, format: CopyFormat): string {
  if (format.kind === 'text')
    return raw.replace(/\\([^])/g, (_, letter: string) => CONTROLS.get(letter) ?? letter)
  if (!quoted) return raw
  const { quote, escape } = format
  let value = ''
  for (let at = raw.startsWith(quote) ? 1 : 0; at < raw.length - 1; at++) {
    const next = raw[at + 1]
    if (raw[at] === escape && (next === quote || next === escape)) at++
    value += raw[at]
  }
  return value
}

/** A value as COPY would write it. `quoted`: it was, so it is again. */
export function copyEncode(value: string, quoted: boolean, format: CopyFormat): string {
  const { delimiter, quote, escape } = format
  let text = ''
  let special = quoted || value === format.nullText
  for (const letter of value) {
    if (format.kind === 'text') {
      const control = LETTERS.get(letter)
      if (control !== undefined) text += `\\${control}`
      else text += letter === '\\' || letter === delimiter ? `\\${letter}` : letter
      continue
    }
    special ||= letter === delimiter || letter === quote || letter === '\n' || letter === '\r'
    text += letter === quote || letter === escape ? `${escape}${letter}` : letter
  }
  if (format.kind === 'text') return text
  return special ? `${quote}${text}${quote}` : value
}
