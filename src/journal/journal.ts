import type { Instant } from '../kernel/clock.ts'
import type { Fault } from '../kernel/faults.ts'
import type { JsonValue } from '../kernel/json.ts'
import type { SignedReceipt } from '../ledger/receipt.ts'
import type { JournalEvent, NewEvent, View } from './slice.ts'

/** A pure decision on a state: events and an answer, or why not. */
export interface Decision<R> {
  readonly events: readonly NewEvent[]
  readonly result: R
}

export interface Executed<R> {
  readonly result: R
  /** The events as logged, durable and signed. Empty when the decision needed none. */
  readonly events: readonly JournalEvent[]
  readonly receipts: readonly SignedReceipt[]
}

export interface Journal {
  /** Everything that is durable and signed; what pages, lists and logins may see. */
  readonly state: View
  /** The log's clock: never goes back. */
  now(): Instant
  /** Wall ms of the newest entry; a clock found earlier than this was set back. */
  lastLogged(): number
  /**
   * Decides on the speculative state (all commands accepted so far), logs the events in one frame and resolves when they
   * are signed. Throws the Fault the decision returned, or `ledger.*` when nothing was recorded. `decide` is synchronous and pure.
   */
  execute<R>(
    decide: (state: View, now: Instant) => Decision<R> | Fault,
    options?: { readonly reserve?: boolean },
  ): Promise<Executed<R>>
  /** Called once per durable event, in order, from the moment of subscription. A listener must not throw. */
  subscribe(listener: (event: JournalEvent) => void): () => void
  /** The personal part of an event. Fault `evidence.erased` when its key was destroyed. */
  payload(index: number): Promise<JsonValue | undefined>
}
