import { PLACE_FIELDS } from '../segment/place-entries.ts'

/** Segments whose places stay in memory after somebody read there: 12 bytes for each entry of theirs. */
const KEPT_PAGES = 16

/** The places of consecutive entries of one segment. */
export class PlacePage {
  readonly segment: number
  /** Index of the first of them. */
  readonly first: number
  #places: Uint32Array
  #count: number

  constructor(segment: number, first: number, places: Uint32Array = new Uint32Array(0)) {
    this.segment = segment
    this.first = first
    this.#places = places
    this.#count = places.length / PLACE_FIELDS
  }

  /** Index behind the last of them. */
  get end(): number {
    return this.first + this.#count
  }

  holds(index: number): boolean {
    return index >= this.first && index < this.end
  }

  /** Byte of the segment at which the entry begins. `index` must be held; so below. */
  offset(index: number): number {
    return this.#places[(index - this.first) * PLACE_FIELDS] as number
  }

  /** Bytes of the entry. */
  length(index: number): number {
    return this.#places[(index - this.first) * PLACE_FIELDS + 1] as number
  }

  /** Bytes of what is sealed with it. */
  sealed(index: number): number {
    return this.#places[(index - this.first) * PLACE_FIELDS + 2] as number
  }

  push(offset: number, length: number, sealed: number): void {
    const at = this.#count * PLACE_FIELDS
    if (at === this.#places.length) {
      const larger = new Uint32Array(Math.max(1024 * PLACE_FIELDS, this.#places.length * 2))
      larger.set(this.#places)
      this.#places = larger
    }
    this.#places[at] = offset
    this.#places[at + 1] = length
    this.#places[at + 2] = sealed
    this.#count += 1
  }
}

/**
 * Which segment holds which entries, and where the entries of the newest segment stand; the places of older ones are found
 * from their frames when somebody reads there, and kept for a while. So memory grows by one number for each segment.
 */
export class EntryPlaces {
  /** Index of the first entry of each segment, by its number. */
  readonly #firsts: number[]
  #length: number
  /** Of the active segment, as far as entries were added while this process runs. */
  #newest: PlacePage
  readonly #kept = new Map<number, PlacePage>()

  constructor(firsts: readonly number[] = [], length = 0) {
    this.#firsts = [...firsts]
    this.#length = length
    this.#newest = new PlacePage(firsts.length - 1, length)
  }

  /** Durable entries. */
  get length(): number {
    return this.#length
  }

  get firsts(): readonly number[] {
    return this.#firsts
  }

  push(segment: number, offset: number, length: number, sealed: number): void {
    if (segment !== this.#newest.segment) {
      this.keep(this.#newest)
      while (this.#firsts.length <= segment) this.#firsts.push(this.#length)
      this.#newest = new PlacePage(segment, this.#length)
    }
    this.#newest.push(offset, length, sealed)
    this.#length += 1
  }

  /** The page that holds a durable entry, when it is in memory. */
  page(index: number): PlacePage | undefined {
    if (this.#newest.holds(index)) return this.#newest
    const segment = this.segmentOf(index)
    const page = this.#kept.get(segment)
    if (page === undefined || !page.holds(index)) return undefined
    // Read again last: the first key is the one that was not asked for longest.
    this.#kept.delete(segment)
    this.#kept.set(segment, page)
    return page
  }

  keep(page: PlacePage): void {
    if (page.end === page.first) return
    this.#kept.delete(page.segment)
    this.#kept.set(page.segment, page)
    const oldest = this.#kept.keys().next().value
    if (this.#kept.size > KEPT_PAGES && oldest !== undefined) this.#kept.delete(oldest)
  }

  /** Number of the segment that holds an entry. */
  segmentOf(index: number): number {
    let low = 0
    let high = this.#firsts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#firsts[middle] as number) <= index) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }

  /** Entries of a segment: from `first` up to, not including, `end`. */
  range(segment: number): { readonly first: number; readonly end: number } {
    return { first: this.#firsts[segment] ?? this.#length, end: this.#firsts[segment + 1] ?? this.#length }
  }
}
