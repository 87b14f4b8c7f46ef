import type { Outcome } from './action.ts'

/** What came of an action that was recorded as allowed while its session ended: nothing, as it never went on. */
export const NOT_FORWARDED: Outcome = {
  rows: 0,
  bytes: 0,
  ms: 0,
  error: { code: 'not_forwarded', message: 'not forwarded: the session ended before its evidence was there' },
  cut: false,
}
