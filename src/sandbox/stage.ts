import type { Actor } from './people.ts'
import type { SandboxHost } from './host.ts'
import type { Receiver } from './receiver.ts'
import type { Timeline } from './timeline.ts'

export interface Stage {
  readonly url: string
  readonly folder: string
  /** How long the grants of the main job last. */
  readonly seconds: number
  readonly ana: Actor
  readonly mara: Actor
  readonly priya: Actor
  readonly receiver: Receiver
  readonly pagerSecret: string
  readonly timeline: Timeline
  /** Undefined where no sshd is. */
  readonly host: SandboxHost | undefined
  /** Asks the database itself, as its superuser. */
  readonly target: (sql: string) => Promise<readonly Record<string, unknown>[]>
}
