import { Fault } from '../kernel/faults.ts'

const DECODER = new TextDecoder('utf-8', { fatal: true })

/** Limits that keep one message from costing others anything; a record of this size fits an entry many times over. */
export const MOST_NAMES = 32
export const MOST_RESPONDERS = 64
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._:/ -]{0,63}$/u

/** A JSON object from raw bytes; undefined when it is not UTF-8, not JSON, or not an object. */
export function jsonObject(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(DECODER.decode(body))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text of people for people: one line, bounded, without control characters. */
export function line(value: unknown, most: number): string {
  return typeof value === 'string'
    ? value
        .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
        .trim()
        .slice(0, most)
    : ''
}

/** Names that go into leaves and conditions (services, environments): what is not of their form is left out. */
export function names(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return []
  return [...new Set(value.filter(isName))].slice(0, MOST_NAMES)
}

export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value)
}

/** A moment as ISO 8601 with zone or as whole milliseconds; undefined otherwise. */
export function moment(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(value)) return undefined
  const ms = Date.parse(value)
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms
}

/** A whole number 1..5, or the word the mapping has for it; anything else is 5. */
export function severity(value: unknown, words: Readonly<Record<string, number>>): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 5) return value
  if (typeof value !== 'string' || !Object.hasOwn(words, value)) return 5
  return words[value] ?? 5
}

/** A link people may click: http(s) only. */
export function link(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 2_000 || !URL.canParse(value)) return undefined
  const url = new URL(value)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined
}

export function invalid(field: string, wanted: string): Fault {
  return new Fault(
    'incident.invalid',
    `The message is genuine but not understood: ${field} is missing or malformed.`,
    {
      next: `Send ${field} as ${wanted}.`,
      facts: { field },
    },
  )
}
