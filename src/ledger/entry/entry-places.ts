/** Where an entry stands: segment number, byte offset of the entry in it, length of the entry. */
export interface Place {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

const FIELDS = 3

/** The places of all durable entries, 12 bytes each, so that reading one costs the same at any size. */
export class EntryPlaces {
  #places = new Uint32Array(FIELDS * 1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(segment: number, offset: number, length: number): void {
    const at = this.#length * FIELDS
    if (at === this.#places.length) {
      const larger = new Uint32Array(this.#places.length * 2)
      larger.set(this.#places)
      this.#places = larger
    }
    this.#places[at] = segment
    this.#places[at + 1] = offset
    this.#places[at + 2] = length
    this.#length += 1
  }

  at(index: number): Place | undefined {
    if (!(index >= 0 && index < this.#length)) return undefined
    const at = index * FIELDS
    return {
      segment: this.#places[at] as number,
      offset: this.#places[at + 1] as number,
      length: this.#places[at + 2] as number,
    }
  }
}
