import type { JsonObject, JsonValue } from '../kernel/json.ts'

/** Something recorded that nobody waits for. */
export interface Item {
  readonly type: string
  /** Wall ms at which it happened; the entry that carries it is a little younger. */
  readonly t: number
  readonly outcome?: string
  readonly data: JsonObject
  readonly payload?: JsonValue
}

/** Well within an entry of 32 KiB: an item's leaf is about 100 bytes. */
const MOST_ITEMS = 64
/** Characters of all payloads of a batch; a larger one is an entry of its own. */
const MOST_TEXT = 48_000

/**
 * Items of one session that share an entry: one seal, one hash, one place for many. Order within the session's items is
 * kept; an action that somebody waits for does not wait for them and may stand before the result of an earlier one.
 */
export class Batch {
  #items: Item[] = []
  #text = 0

  get empty(): boolean {
    return this.#items.length === 0
  }

  /** False: full, or the item is too large to share; take what is there first. */
  add(item: Item): boolean {
    const size = item.payload === undefined ? 0 : JSON.stringify(item.payload).length
    if (this.#items.length >= MOST_ITEMS || JSON.stringify(item.data).length > 400) return false
    if (this.#text + size > MOST_TEXT) return false
    this.#items.push(item)
    this.#text += size
    return true
  }

  /** Empties it. Undefined when there is nothing. */
  take(): { readonly data: JsonObject; readonly payload: JsonValue | undefined } | undefined {
    if (this.#items.length === 0) return undefined
    const items = this.#items
    this.#items = []
    this.#text = 0
    const sealed = items.some(({ payload }) => payload !== undefined)
    return {
      data: {
        items: items.map(({ type, t, outcome, data }) => ({
          type,
          t,
          ...(outcome !== undefined && { outcome }),
          data,
        })),
      },
      payload: sealed ? { items: items.map(({ payload }) => payload ?? null) } : undefined,
    }
  }
}

/** The items of a `batch` entry, each with its own part of what was sealed. Pure. */
export function itemsOf(data: JsonObject, payload: JsonValue | undefined): readonly Item[] {
  const items = (data.items ?? []) as unknown as readonly Omit<Item, 'payload'>[]
  const sealed = (payload as { readonly items?: readonly (JsonValue | null)[] } | undefined)?.items ?? []
  return items.map((item, index) => {
    const own = sealed[index]
    return own === undefined || own === null ? item : { ...item, payload: own }
  })
}
