import type { Factor } from '../kernel/principal.ts'

/** Who: people by handle, groups by name. Both empty means nobody. */
export interface People {
  readonly people: readonly string[]
  readonly groups: readonly string[]
}

/**
 * What a procedure grants, by value: goes into the grant's event, so that a live grant keeps what it was given under whatever
 * happens to the files. Durations in milliseconds. JSON-safe (no undefined inside arrays, no functions).
 */
export interface Terms {
  readonly procedure: string
  /** SHA-256 hex of the procedure set's canonical form that decided. */
  readonly digest: string
  readonly verify: { readonly factor: Factor; readonly withinMs: number }
  readonly scope: {
    readonly use: string
    readonly refuse: readonly string[]
    readonly writesPerStatement?: number
    /** Writes are held until somebody decides: for how long, images of how many rows are kept, how many are shown. */
    readonly rehearse?: { readonly withinMs: number; readonly rows: number; readonly show: number }
    /** The only command that may run on a host; the target enforces it. */
    readonly forceCommand?: string
    /** On a host: which commands, which forwards, what of that which is off by default (`HostRules`). */
    readonly host?: {
      readonly commands?: readonly string[]
      readonly never: readonly string[]
      readonly forward: readonly string[]
      readonly allow: readonly string[]
    }
    readonly mask: readonly { readonly column: string; readonly keep: string }[]
  }
  readonly time: {
    readonly defaultMs: number
    readonly mostMs: number
    readonly idleMs?: number
    readonly extend?: { readonly times: number; readonly byMs: number }
  }
  readonly evidence: 'before' | 'with'
  readonly record: { readonly bindValues: boolean; readonly resultBytes: number }
  /** `any_address`: the session secret is not bound to the first address that used it. */
  readonly anyAddress: boolean
  readonly alert: {
    readonly to: readonly string[]
    readonly on: readonly string[]
    readonly beforeOpen: boolean
    readonly unalerted: 'open' | 'refuse'
    /** How long `beforeOpen` waits for one channel to confirm. */
    readonly waitMs: number
  }
  readonly review: {
    readonly from: People
    readonly withinMs: number
    readonly overdue: 'refuse_new_requests' | 'alert'
  }
  readonly limits: { readonly sessions: number; readonly grantsPerPerson: number }
}

export interface Approval {
  readonly from: People
  readonly count: number
  readonly withinMs: number
  readonly nobody?: {
    readonly afterMs: number
    readonly factor: Factor
    readonly mostMs: number
    readonly alert: readonly string[]
  }
}
