import type { Incident } from '../kernel/incident.ts'
import type { Target } from '../kernel/target.ts'

/** Everything a decision may know. Times and durations in milliseconds. */
export interface Facts {
  readonly requester: {
    /** The handle (`ana`), the same that incidents and procedures use. */
    readonly id: string
    readonly groups: readonly string[]
    /** A drill identity; satisfies only procedures with `drill: true`. */
    readonly drill?: boolean
  }
  readonly target: Pick<Target, 'name' | 'protocol' | 'environment' | 'services'>
  readonly incident?: Incident
  readonly request: { readonly durationMs?: number }
  /** Wall time, milliseconds since 1970 UTC. */
  readonly now: number
}
