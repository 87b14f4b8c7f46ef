import type { JsonObject, JsonValue } from '../kernel/json.ts'
import { CanonicalText, jcs, quoted } from '../ledger/entry/jcs.ts'

/** Something recorded in company. */
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

/** What the items of a batch add to the totals of their session. */
export interface Counts {
  actions: number
  refused: number
  /** Actions that may have changed rows or state, refused ones left out. */
  writes: number
  rows: number
  /** Of `rows`, those changed, as the target counted them; what was undone afterwards is among them. */
  changed: number
  bytes: number
}

export interface TakenBatch {
  readonly data: CanonicalText
  readonly payload: CanonicalText | undefined
  readonly counts: Counts
  /** About as many bytes as the entry and what is sealed with it will have. */
  readonly bytes: number
}

/**
 * Items of one session that share an entry: one seal, one hash, one place for many. Written as they come, in their canonical
 * form, so that nothing is gone through twice. Order is kept.
 */
export class Batch {
  #leaf = ''
  #sealed = ''
  #items = 0
  #anySealed = false
  #counts: Counts = nothing()

  get empty(): boolean {
    return this.#items === 0
  }

  /** False: full, or the item is too large to share; take what is there first. */
  add({ type, t, outcome, data, payload }: Item): boolean {
    if (this.#items >= MOST_ITEMS) return false
    const leaf = jcs(data)
    const text = payload === undefined ? 'null' : jcs(payload)
    if (leaf.length > MOST_LEAF || this.#sealed.length + text.length > MOST_TEXT) return false
    const between = this.#items === 0 ? '' : ','
    const said = outcome === undefined ? '' : `"outcome":${quoted(outcome)},`
    this.#leaf += `${between}{"data":${leaf},${said}"t":${t},"type":${quoted(type)}}`
    this.#sealed += between + text
    this.#anySealed ||= payload !== undefined
    this.#items++
    count(this.#counts, type, data, outcome)
    return true
  }

  /** Empties it. Undefined when there is nothing. */
  take(): TakenBatch | undefined {
    if (this.#items === 0) return undefined
    const taken: TakenBatch = {
      data: new CanonicalText(`{"items":[${this.#leaf}]}`),
      payload: this.#anySealed ? new CanonicalText(`{"items":[${this.#sealed}]}`) : undefined,
      counts: this.#counts,
      bytes: this.#leaf.length + this.#sealed.length + 512,
    }
    this.#leaf = ''
    this.#sealed = ''
    this.#items = 0
    this.#anySealed = false
    this.#counts = nothing()
    return taken
  }
}

export function nothing(): Counts {
  return { actions: 0, refused: 0, writes: 0, rows: 0, changed: 0, bytes: 0 }
}

/** Adds what one recorded thing counts for. */
export function count(counts: Counts, type: string, data: JsonObject, outcome: string | undefined): void {
  if (type === 'action') {
    counts.actions++
    if (outcome === 'refused') counts.refused++
    else if (data.writes === true && data.kind !== 'parse') counts.writes++
  } else if (type === 'result') {
    counts.rows += Number(data.rows ?? 0)
    if (data.changed !== undefined && outcome !== 'error') counts.changed += Number(data.changed)
    counts.bytes += Number(data.bytes ?? 0)
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
