import type { JsonObject, JsonValue } from '../../kernel/json.ts'

/**
 * JSON text that is canonical already, from whoever could write it while the values were at hand. It stands in the entry as it
 * is: a maker that breaks RFC 8785 makes an entry that no reader takes.
 */
export class CanonicalText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * RFC 8785 (JCS), as `canonicalJson` of the kernel, written for the hot path of every logged action: plain data only
 * (no toJSON), keys that are undefined are left out. Throws TypeError on what JSON cannot hold.
 */
export function jcs(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON number`)
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? arrayText(value) : objectText(value as JsonObject)
    default:
      throw new TypeError(`a ${typeof value} is not a JSON value`)
  }
}

function arrayText(values: readonly JsonValue[]): string {
  let text = '['
  for (let i = 0; i < values.length; i += 1) {
    if (i > 0) text += ','
    text += jcs(values[i] as JsonValue)
  }
  return `${text}]`
}

/** In the order found as long as that is the canonical one, which it is wherever somebody cared for speed. */
function objectText(object: JsonObject): string {
  let text = ''
  let before: string | undefined
  for (const key in object) {
    if (!Object.hasOwn(object, key)) continue
    if (before !== undefined && before > key) return sortedText(object)
    before = key
    const value = object[key]
    if (value === undefined) continue
    text += `${text === '' ? '{' : ','}${quoted(key)}:${jcs(value)}`
  }
  return text === '' ? '{}' : `${text}}`
}

/** By UTF-16 code units (RFC 8785 §3.2.3), which is how JavaScript compares strings. */
function sortedText(object: JsonObject): string {
  let text = ''
  for (const key of Object.keys(object).sort()) {
    const value = object[key]
    if (value === undefined) continue
    text += `${text === '' ? '{' : ','}${quoted(key)}:${jcs(value)}`
  }
  return text === '' ? '{}' : `${text}}`
}

const QUOTED_AT_MOST = 1024
const inQuotes = new Map<string, string>()

/** JSON text of a string that comes again and again: a field's name, a session, a boot. */
export function quoted(text: string): string {
  const known = inQuotes.get(text)
  if (known !== undefined) return known
  if (inQuotes.size >= QUOTED_AT_MOST) inQuotes.clear()
  const made = JSON.stringify(text)
  if (text.length <= 64) inQuotes.set(text, made)
  return made
}
