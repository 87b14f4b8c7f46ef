import type { JsonObject, JsonValue } from '../kernel/json.ts'

/** A durable event of the control log as folds and reactors see it: leaf fields only. */
export interface JournalEvent {
  readonly index: number
  readonly id: string
  /** Wall ms UTC; never goes back along the log. */
  readonly t: number
  readonly mono: number
  readonly boot: string
  readonly type: string
  readonly subject?: string
  readonly target?: string
  readonly outcome?: string
  readonly data: JsonObject
}

/** What a decision wants to happen. `data`: leaf fields. `payload`: personal part, sealed under the key of `seal`. */
export interface NewEvent {
  readonly type: string
  readonly subject?: string
  readonly target?: string
  readonly outcome?: string
  readonly data: JsonObject
  readonly payload?: JsonValue
  /** Whose key seals the payload: a person (`p_…`) or a session (`s_…`); required with `payload`. */
  readonly seal?: string
}

/**
 * One kind of entity folded from the control log. `evolve` is pure and treats its input as immutable; it reads leaf
 * fields only, so erasing payloads never changes a decision.
 */
export interface Slice<E> {
  readonly name: string
  /** Keys of the entities this event touches; empty for events of others. */
  keys(event: JournalEvent): readonly string[]
  evolve(entity: E | undefined, event: JournalEvent, key: string): E | undefined
  /** Entities still in motion: kept in an index so that deadlines and limits need no full scan. */
  hot?(entity: E): boolean
}

/** A consistent state of all slices. */
export interface View {
  get<E>(slice: Slice<E>, key: string): E | undefined
  all<E>(slice: Slice<E>): IterableIterator<E>
  hot<E>(slice: Slice<E>): IterableIterator<E>
}
