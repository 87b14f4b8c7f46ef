import type { JsonObject, JsonValue } from '../kernel/json.ts'

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

function objectText(object: JsonObject): string {
  let text = ''
  for (const key of sortedKeys(object)) {
    const value = object[key]
    if (value === undefined) continue
    text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${jcs(value)}`
  }
  return text === '' ? '{}' : `${text}}`
}

/** By UTF-16 code units (RFC 8785 §3.2.3), which is how JavaScript compares strings. */
function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object)
  for (let i = 1; i < keys.length; i += 1) {
    if ((keys[i - 1] as string) > (keys[i] as string)) return keys.sort()
  }
  return keys
}
