import { identifier, literal } from '../administration/quote.ts'

/**
 * Settings on which the text of a value depends. Images are read under these, and the inverse sets them before its values
 * are read back, so that both mean the same whatever the sessions say.
 */
const PINS = {
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
} as const satisfies Readonly<Record<string, string>>

const NAMES = Object.keys(PINS)

/** Expressions that give the session's own values, in the order `unpin` takes them. */
export const OWN_SETTINGS: readonly string[] = NAMES.map(name => `current_setting(${literal(name)})`)

export const PIN_COUNT = NAMES.length

export function pin(): string {
  return setAll(Object.values(PINS))
}

/** Gives the session back what it had; for the transaction only, like the pins. */
export function unpin(own: readonly string[]): string {
  return setAll(own)
}

function setAll(values: readonly string[]): string {
  return `SELECT ${NAMES.map((name, at) => `set_config(${literal(name)}, ${literal(values[at] ?? '')}, true)`).join(', ')}`
}

/** The same as lines of a script. `path`: schemas by which operators and types were found. */
export function pinLines(path: readonly string[]): readonly string[] {
  const schemas = path.length === 0 ? "''" : path.map(identifier).join(', ')
  return [
    ...Object.entries(PINS).map(([name, value]) => `SET LOCAL ${name} = ${literal(value)};`),
    `SET LOCAL search_path = ${schemas};`,
  ]
}
