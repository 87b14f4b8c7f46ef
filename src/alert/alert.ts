import type { PersonId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'

/** An alert that must arrive: folded from the event it tells of, gone when every channel it needs has settled it. */
export interface DueAlert {
  /** Id of the event it tells of. */
  readonly event: string
  /** Index of that event in the control log. */
  readonly entry: number
  /** Wall ms of the event. */
  readonly t: number
  readonly type: string
  readonly subject?: PersonId
  readonly target?: string
  /** Leaf fields of the event. */
  readonly data: JsonObject
  /** Destinations by name. */
  readonly to: readonly string[]
  /** Goes to the destinations of `alerts_always` as well. */
  readonly always: boolean
  /** Channels it must not take: it tells of their failure. */
  readonly without: readonly string[]
  /** Channel id → how it ended there. */
  readonly settled: Readonly<Record<string, 'delivered' | 'dead'>>
}

/** Alerts that must arrive in the order of the log: those of one grant, or a single security event. */
export interface Lane {
  /** Grant id, or the id of the one event it is for. */
  readonly key: string
  /** What the grant's request said; undefined on the lane of a security event. */
  readonly grant?: GrantFacts
  readonly due: readonly DueAlert[]
  /** Types of alerts that at least one channel has confirmed. */
  readonly confirmed: readonly string[]
}

export interface GrantFacts {
  readonly grant: string
  readonly requester: PersonId
  readonly target: string
  readonly procedure: string
  readonly incident?: string
  /** Index of the request: its payload holds the reason. */
  readonly entry: number
  /** `alert.to` and `alert.on` of the terms. */
  readonly to: readonly string[]
  readonly on: readonly string[]
  /** Destinations for an approval by nobody. */
  readonly nobody: readonly string[]
}

/** What a channel sends. May name people: channels are configured for that. */
export interface AlertMessage {
  /** The same on every try and after every restart, so that a receiver can drop what it has seen. */
  readonly id: string
  /** The event's type: `grant.activated`. */
  readonly type: string
  readonly organisation: string
  /** ISO 8601, UTC. */
  readonly at: string
  /** One sentence for people. */
  readonly text: string
  readonly grant?: string
  /** Handle of the requester. */
  readonly person?: string
  readonly target?: string
  readonly procedure?: string
  readonly incident?: string
  readonly reason?: string
  readonly link?: string
  /** Leaf fields of the event. */
  readonly facts: JsonObject
  /** True when the log could not be written: this message is the only trace. */
  readonly unlogged?: true
}
