import { sha256Hex } from '../kernel/bytes.ts'
import type { JsonObject, JsonValue } from '../kernel/json.ts'

/** Characters of one part: at most 4 bytes each in UTF-8 and 6 when escaped, well within the log's limit for a payload. */
export const PART = 32_000

export interface Part {
  readonly field: string
  /** From 1. */
  readonly part: number
  readonly of: number
  readonly text: string
}

/**
 * What is too long for one entry goes before it in parts, nothing is trimmed. The payload keeps, in the field's place, the
 * number of parts and the digest of the whole. Pure; payloads without long texts come back as they are.
 */
export function splitPayload(payload: JsonValue): {
  readonly parts: readonly Part[]
  readonly payload: JsonValue
} {
  if (typeof payload !== 'object' || payload === null || !isObject(payload)) return { parts: [], payload }
  if (!Object.values(payload).some(isLong)) return { parts: [], payload }
  const parts: Part[] = []
  const kept: Record<string, JsonValue | undefined> = {}
  for (const [field, value] of Object.entries(payload)) {
    // Lists (bind values) and objects (what is touched) are parted as their JSON; whoever joins them parses it back.
    const text =
      typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : undefined
    if (text === undefined || text.length <= PART) {
      kept[field] = value
      continue
    }
    const of = Math.ceil(text.length / PART)
    for (let part = 1; part <= of; part++) {
      parts.push({ field, part, of, text: text.slice((part - 1) * PART, part * PART) })
    }
    kept[field] = { parts: of, sha256: sha256Hex(text), ...(typeof value !== 'string' && { json: true }) }
  }
  return { parts, payload: parts.length === 0 ? payload : kept }
}

function isLong(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return value.length > PART
  return typeof value === 'object' && JSON.stringify(value).length > PART
}

/** Puts the parts back; a field whose digest does not agree is left as the log has it. Pure. */
export function joinPayload(parts: readonly Part[], payload: JsonValue): JsonValue {
  if (parts.length === 0 || !isObject(payload)) return payload
  const joined: Record<string, JsonValue | undefined> = { ...payload }
  for (const [field, value] of Object.entries(payload)) {
    if (value === undefined || !isObject(value) || typeof value.parts !== 'number') continue
    const text = parts
      .filter(part => part.field === field)
      .map(part => part.text)
      .join('')
    if (sha256Hex(text) !== value.sha256) continue
    joined[field] = value.json === true ? (JSON.parse(text) as JsonValue) : text
  }
  return joined
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
