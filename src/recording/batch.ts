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
/** Characters of an item's leaf. */
const MOST_LEAF = 300
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
    const size = item.payload === undefined ? 0 : textOf(item.payload)
    if (this.#items.length >= MOST_ITEMS || textOf(item.data) > MOST_LEAF) return false
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

/** About as many characters as its JSON has; counted, as making it just to measure it would cost more than all the rest. */
function textOf(value: JsonValue | undefined): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 8
  let size = 2
  if (Array.isArray(value)) for (const item of value as readonly JsonValue[]) size += textOf(item) + 1
  else for (const [key, item] of Object.entries(value)) size += key.length + 4 + textOf(item)
  return size
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
