import type { Subject } from '../ledger/bundle/manifest.ts'
import type { LogFolder } from '../ledger/bundle/layout.ts'
import type { Entry, Log } from '../ledger/log.ts'

/** Entries of one log for a bundle. */
export interface SelectedPart {
  readonly folder: LogFolder
  readonly log: Log
  /** Index behind the last of them, as far as is known. */
  readonly until: number
  /** In the order of the log, of the first `size` entries only: those that a head of that size proves. */
  readonly entries: (size: number) => AsyncIterable<Entry>
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
