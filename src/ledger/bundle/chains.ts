import type { EntryFields } from '../entry/entry.ts'

/** The entries of one source as far as a bundle holds them. */
interface Chain {
  readonly first: number
  count: number
  last: { readonly index: number; readonly sseq: number; readonly hash: Buffer }
}

/**
 * Follows `sseq` and `sprev` of every source. An entry names the hash of the one before it, so of two neighbours in a chain the
 * first cannot be changed, left out or exchanged without showing here, whatever was done to the rest.
 */
export class Chains {
  readonly #chains = new Map<string, Chain>()

  /** What does not follow: the entry concerned, and why. In the order of the log. */
  add(
    index: number,
    { src, sseq, sprev }: EntryFields,
    hash: Buffer,
  ): { readonly index: number; readonly what: string } | undefined {
    const chain = this.#chains.get(src)
    const last = { index, sseq, hash }
    if (chain === undefined) {
      this.#chains.set(src, { first: sseq, count: 1, last })
      if ((sseq === 0) !== (sprev === undefined))
        return { index, what: `an entry of ${src} whose place in its chain contradicts itself` }
      return undefined
    }
    const before = chain.last
    chain.last = last
    chain.count += 1
    if (sseq !== before.sseq + 1)
      return { index, what: `entry ${sseq} of ${src} does not follow its entry ${before.sseq}` }
    if (sprev !== before.hash.toString('hex'))
      return { index: before.index, what: `it is not what entry ${index} names as the one before it` }
    return undefined
  }

  /** Whether the entries of `src` begin with its first one. */
  beginsWithFirst(src: string): boolean {
    return this.#chains.get(src)?.first === 0
  }

  count(src: string): number {
    return this.#chains.get(src)?.count ?? 0
  }
}
