import type { Fold } from './fold.ts'
import type { JournalEvent, Slice, View } from './slice.ts'

interface Changed {
  readonly entity: unknown
  /** Index of the last event in flight that touched it; once that is durable the fold holds the same. */
  readonly until: number
}

/**
 * The durable fold with the events in flight on top. Commands decide on this, so that many of them share one fsync; nobody
 * else ever sees it. When a write fails the events that did not make it are taken out again.
 */
export class Speculation implements View {
  readonly #base: Fold
  readonly #changes = new Map<Slice<unknown>, Map<string, Changed>>()
  #inFlight: JournalEvent[] = []

  constructor(base: Fold) {
    this.#base = base
    for (const slice of base.slices) this.#changes.set(slice, new Map())
  }

  assume(events: readonly JournalEvent[]): void {
    for (const event of events) {
      this.#inFlight.push(event)
      this.#apply(event)
    }
  }

  /** The fold has applied everything up to and including this index. */
  settled(index: number): void {
    while (this.#inFlight[0] !== undefined && this.#inFlight[0].index <= index) this.#inFlight.shift()
    for (const changes of this.#changes.values()) {
      for (const [key, change] of changes) if (change.until <= index) changes.delete(key)
    }
  }

  /** Nothing from this index on was written. */
  dropFrom(index: number): void {
    this.#inFlight = this.#inFlight.filter(event => event.index < index)
    for (const changes of this.#changes.values()) changes.clear()
    for (const event of this.#inFlight) this.#apply(event)
  }

  get<E>(slice: Slice<E>, key: string): E | undefined {
    const change = this.#of(slice).get(key)
    return change ? (change.entity as E | undefined) : this.#base.get(slice, key)
  }

  *all<E>(slice: Slice<E>): IterableIterator<E> {
    const changes = this.#of(slice)
    for (const key of this.#base.keys(slice)) if (!changes.has(key)) yield this.#base.get(slice, key) as E
    for (const { entity } of changes.values()) if (entity !== undefined) yield entity as E
  }

  *hot<E>(slice: Slice<E>): IterableIterator<E> {
    const changes = this.#of(slice)
    for (const key of this.#base.hotKeys(slice)) if (!changes.has(key)) yield this.#base.get(slice, key) as E
    for (const { entity } of changes.values()) {
      if (entity !== undefined && slice.hot?.(entity as E)) yield entity as E
    }
  }

  #apply(event: JournalEvent): void {
    for (const [slice, changes] of this.#changes) {
      for (const key of slice.keys(event)) {
        changes.set(key, { entity: slice.evolve(this.get(slice, key), event, key), until: event.index })
      }
    }
  }

  #of(slice: Slice<unknown>): Map<string, Changed> {
    const changes = this.#changes.get(slice)
    if (!changes) throw new Error(`slice ${slice.name} is not registered with the journal`)
    return changes
  }
}
