import type { CheckLine } from '../../../target/protocol.ts'

/** Asks one statement of the target under the configured login. */
export type Ask = <Row extends object>(sql: string, values?: readonly unknown[]) => Promise<Row[]>

export function must(ok: boolean, what: string, next: string): CheckLine {
  return ok ? { ok, level: 'must', what } : { ok, level: 'must', what, next }
}

export function should(ok: boolean, what: string, next: string): CheckLine {
  return ok ? { ok, level: 'should', what } : { ok, level: 'should', what, next }
}
