import type { EntryFields } from './entry.ts'

/** The last entry of a source: its number and leaf hash, which the next one names as `sseq - 1` and `sprev`. */
export interface Link {
  readonly sseq: number
  readonly leafHash: Buffer
}

/** The type of entry that is the last of its source: nothing of that source follows, so nobody has to remember its chain. */
const LAST_OF_SOURCE = 'session.closed'

export function endsSource(type: string): boolean {
  return type === LAST_OF_SOURCE
}

/**
 * The chains of the sources that still go on, in two layers: what is durable, and what has taken a place but is not yet
 * written. The second is thrown away when a write is refused, so that a lost place leaves no gap in any chain.
 */
export class SourceChains {
  readonly #durable = new Map<string, Link>()
  readonly #taken = new Map<string, Link & { readonly ends: boolean }>()

  constructor(durable: Iterable<readonly [src: string, last: Link]> = []) {
    for (const [src, link] of durable) this.#durable.set(src, link)
  }

  /** TypeError when the source has just said its last. */
  last(src: string): Link | undefined {
    const taken = this.#taken.get(src)
    if (taken?.ends === true) throw new TypeError(`${src} has ended: nothing of it may follow`)
    return taken ?? this.#durable.get(src)
  }

  take(src: string, link: Link & { readonly ends: boolean }): void {
    this.#taken.set(src, link)
  }

  settle(src: string, { sseq, leafHash, ends }: Link & { readonly ends: boolean }): void {
    if (ends) this.#durable.delete(src)
    else this.#durable.set(src, { sseq, leafHash })
    if (this.#taken.get(src)?.sseq === sseq) this.#taken.delete(src)
  }

  rollBack(): void {
    this.#taken.clear()
  }

  /** The last durable links of the sources that have not ended. */
  durable(): [src: string, last: Link][] {
    return [...this.#durable]
  }
}

/** Follows the chains of a log that is read in order, and remembers who has ended: as long as the reading lasts. */
export class ChainReader {
  readonly chains: SourceChains
  readonly #ended = new Set<string>()

  constructor(chains: SourceChains = new SourceChains()) {
    this.chains = chains
  }

  /** What is wrong with the entry as the next one of its source; it counts as that in any case. */
  next(
    { src, sseq, sprev, type }: Pick<EntryFields, 'src' | 'sseq' | 'sprev' | 'type'>,
    leafHash: Buffer,
  ): string | undefined {
    const last = this.chains.last(src)
    const wrong = this.#ended.has(src)
      ? `an entry of ${src}, which has ended`
      : sseq !== (last?.sseq ?? -1) + 1 || sprev !== last?.leafHash.toString('hex')
        ? `an entry that does not follow the last of ${src}`
        : undefined
    const ends = endsSource(type)
    if (ends) this.#ended.add(src)
    this.chains.settle(src, { sseq, leafHash, ends })
    return wrong
  }
}
