/**
 * Bounded by entries and by weight, least recently used leaves first, give or take half: two generations, and what is found in the
 * older one moves to the newer. A hit in the newer generation costs one lookup and changes nothing.
 */
export class VerdictCache<V> {
  readonly #entries: number
  readonly #weight: number
  #recent = new Map<string, V>()
  #older = new Map<string, V>()
  #recentWeight = 0

  /** `weight` in bytes. Each generation takes half. */
  constructor(limits: { readonly entries: number; readonly weight: number }) {
    this.#entries = Math.max(1, Math.floor(limits.entries / 2))
    this.#weight = limits.weight / 2
  }

  get(key: string): V | undefined {
    const found = this.#recent.get(key)
    if (found !== undefined) return found
    const older = this.#older.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }

  /** A text too heavy for a generation is not kept. */
  set(key: string, value: V): void {
    const weight = key.length * 2 + 512
    if (weight > this.#weight || this.#recent.has(key)) return
    if (this.#recent.size >= this.#entries || this.#recentWeight + weight > this.#weight) {
      this.#older = this.#recent
      this.#recent = new Map()
      this.#recentWeight = 0
    }
    this.#recent.set(key, value)
    this.#recentWeight += weight
  }

  /** Entries held now, for measuring. */
  get size(): number {
    return this.#recent.size + this.#older.size
  }
}
