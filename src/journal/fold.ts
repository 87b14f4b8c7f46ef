import type { JournalEvent, Slice, View } from './slice.ts'

interface Shelf {
  readonly slice: Slice<unknown>
  readonly entities: Map<string, unknown>
  readonly hot: Set<string>
}

/** The durable state: owned by the journal, changed only by `apply`, in log order. */
export class Fold implements View {
  readonly #shelves = new Map<string, Shelf>()

  constructor(slices: readonly Slice<unknown>[]) {
    for (const slice of slices) {
      if (this.#shelves.has(slice.name)) throw new Error(`two slices are named ${slice.name}`)
      this.#shelves.set(slice.name, { slice, entities: new Map(), hot: new Set() })
    }
  }

  get slices(): readonly Slice<unknown>[] {
    return [...this.#shelves.values()].map(shelf => shelf.slice)
  }

  apply(event: JournalEvent): void {
    for (const { slice, entities, hot } of this.#shelves.values()) {
      for (const key of slice.keys(event)) {
        const after = slice.evolve(entities.get(key), event, key)
        if (after === undefined) entities.delete(key)
        else entities.set(key, after)
        if (after !== undefined && slice.hot?.(after)) hot.add(key)
        else hot.delete(key)
      }
    }
  }

  get<E>(slice: Slice<E>, key: string): E | undefined {
    return this.#shelf(slice).entities.get(key) as E | undefined
  }

  *all<E>(slice: Slice<E>): IterableIterator<E> {
    yield* this.#shelf(slice).entities.values() as IterableIterator<E>
  }

  *hot<E>(slice: Slice<E>): IterableIterator<E> {
    const { entities, hot } = this.#shelf(slice)
    for (const key of hot) yield entities.get(key) as E
  }

  hotKeys(slice: Slice<unknown>): ReadonlySet<string> {
    return this.#shelf(slice).hot
  }

  keys(slice: Slice<unknown>): IterableIterator<string> {
    return this.#shelf(slice).entities.keys()
  }

  #shelf(slice: Slice<unknown>): Shelf {
    const shelf = this.#shelves.get(slice.name)
    if (!shelf) throw new Error(`slice ${slice.name} is not registered with the journal`)
    return shelf
  }
}
