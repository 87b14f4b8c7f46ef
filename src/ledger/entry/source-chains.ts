/** The last entry of a source: its number and leaf hash, which the next one names as `sseq - 1` and `sprev`. */
export interface Link {
  readonly sseq: number
  readonly leafHash: Buffer
}

/**
 * The chains of all sources, in two layers: what is durable, and what has taken a place but is not yet written. The
 * second is thrown away when a write is refused, so that a lost place leaves no gap in any chain.
 */
export class SourceChains {
  readonly #durable = new Map<string, Link>()
  readonly #taken = new Map<string, Link>()

  last(src: string): Link | undefined {
    return this.#taken.get(src) ?? this.#durable.get(src)
  }

  take(src: string, link: Link): void {
    this.#taken.set(src, link)
  }

  settle(src: string, link: Link): void {
    this.#durable.set(src, link)
    if (this.#taken.get(src)?.sseq === link.sseq) this.#taken.delete(src)
  }

  rollBack(): void {
    this.#taken.clear()
  }
}
