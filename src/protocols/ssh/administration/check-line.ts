import type { CheckLine } from '../../../target/protocol.ts'

export function must(ok: boolean, what: string, next: string): CheckLine {
  return ok ? { ok, level: 'must', what } : { ok, level: 'must', what, next }
}

export function should(ok: boolean, what: string, next: string): CheckLine {
  return ok ? { ok, level: 'should', what } : { ok, level: 'should', what, next }
}

export function info(what: string): CheckLine {
  return { ok: true, level: 'info', what }
}
