import type { Journal } from '../journal/journal.ts'
import type { Head, KeyRing, Log } from '../ledger/log.ts'
import type { SessionLog } from '../recording/session-log.ts'

/** What the evidence room works with. */
export interface EvidencePorts {
  readonly journal: Journal
  readonly control: Log
  readonly sessions: SessionLog
  readonly keys: KeyRing
  /** The newest head that satisfies the configured policy; undefined where no witness is asked, or none has answered yet. */
  readonly witnessed: (log: string) => Head | undefined
  /** The kept bytes of a set of procedures by digest, whose SHA-256 it is; undefined when they are not kept. */
  procedureText(digest: string): Promise<string | undefined>
  /** c2sp.org/tlog-policy of this organisation, as configured. */
  policy(): Promise<string>
  /** Files that explain and check a bundle, by name. */
  aids(): Promise<ReadonlyMap<string, Buffer>>
  /** Name and version, such as `breakglass 0.1.0`. */
  readonly software: string
}
