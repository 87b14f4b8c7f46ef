import type { Subject } from '../ledger/bundle/manifest.ts'
import type { LogFolder } from '../ledger/bundle/layout.ts'
import type { Entry, Log } from '../ledger/log.ts'

/** Entries of one log for a bundle. */
export interface SelectedPart {
  readonly folder: LogFolder
  readonly log: Log
  /** Ascending; candidates, of which `takes` decides. */
  readonly positions: ArrayLike<number>
  readonly takes: (entry: Entry) => boolean
  /** Whether what the entry sealed goes with it. */
  readonly opens: (entry: Entry) => boolean
}

/** What goes into a bundle. */
export interface Selection {
  readonly subject: Subject
  readonly parts: readonly SelectedPart[]
  /** Digests of sets of procedures. */
  readonly procedures: readonly string[]
}

/** Whole numbers from `from` up to, not including, `to`. */
export function numbers(from: number, to: number): Float64Array {
  return Float64Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n)
}
