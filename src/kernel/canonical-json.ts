import canonicalize from 'canonicalize'
import type { JsonValue } from './json.ts'

// canonicalize is CommonJS with a default export that TypeScript sees as a namespace under nodenext.
const jcs = canonicalize as unknown as (value: unknown) => string | undefined

/** RFC 8785 (JCS). Throws TypeError on what JSON cannot hold (undefined at the top, NaN, Infinity, BigInt). */
export function canonicalJson(value: JsonValue): string {
  const text = jcs(value)
  if (text === undefined) throw new TypeError('not a JSON value')
  return text
}
