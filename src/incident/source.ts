import type { Fault } from '../kernel/faults.ts'
import type { Incident, Responder } from '../kernel/incident.ts'

/** Header names in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>

/** A kind of incident source: one folder, one line in `sources/registry.ts`, passes `source-contract.suite.ts`. Pure. */
export interface Source {
  readonly kind: string
  /** How far its messages can be trusted once `verify` let them pass. */
  readonly trust: Incident['trust']
  /**
   * `stated`: the messages carry a moment of change, and an older one never overwrites a newer. `arrival`: they carry none,
   * but the sender keeps their order and repeats them.
   */
  readonly order: 'stated' | 'arrival'
  /**
   * Who sent this, and is it recent? Fault `incident.signature`. `secrets`: any one suffices, so that they can be
   * rotated; none accepts nothing. `now`: wall ms.
   */
  verify(headers: Headers, body: Buffer, secrets: readonly string[], now: number): Verified | Fault
  /** What it says. Fault `incident.invalid`, naming the field. Unknown fields are ignored. */
  normalise(body: Buffer, mapping: Mapping, sentAt: number): readonly Reported[] | Fault
}

export interface Verified {
  /** The sender's name of the message, the same on every retry; undefined when the source has none. */
  readonly messageId: string | undefined
  /** Wall ms at which the sender says it was sent, else when it arrived. */
  readonly sentAt: number
}

/** How a configured source's words become ours. */
export interface Mapping {
  /** The source's word for a severity → 1..5. What is not listed counts as 5, which opens least. */
  readonly severity: Readonly<Record<string, number>>
}

/** An incident as its source reports it: people under the source's names, which the organisation maps afterwards. */
export interface Reported {
  /** The source's own name for it, unique within the source. */
  readonly external: string
  readonly title: string
  readonly status: Incident['status']
  readonly severity: number
  readonly services: readonly string[]
  readonly environments: readonly string[]
  readonly responders: readonly {
    readonly name: string
    readonly role: string
    readonly state: Responder['state']
  }[]
  readonly declaredBy: { readonly machine: string } | { readonly name: string } | undefined
  readonly openedAt: number
  readonly updatedAt: number
  readonly drill: boolean
  readonly url: string | undefined
}
