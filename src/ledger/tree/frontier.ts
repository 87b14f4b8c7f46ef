import { EMPTY_ROOT, nodeHash } from './merkle.ts'

/** Called for every complete subtree as it comes into being, leaves included, lowest first. */
export type OnNode = (height: number, index: number, hash: Buffer) => void

/**
 * The right edge of a growing tree: the root of each complete subtree that no larger one contains yet. Holds at most
 * one hash per bit of the size; appending costs two hashes on average, whatever the size.
 */
export class Frontier {
  #size: number
  /** Peaks from left (largest) to right; their heights are the set bits of the size. */
  readonly #peaks: Buffer[]

  /** `peaks`: of a tree of `size`, left to right. */
  constructor(size = 0, peaks: readonly Buffer[] = []) {
    this.#size = size
    this.#peaks = [...peaks]
  }

  get size(): number {
    return this.#size
  }

  append(leaf: Buffer, onNode?: OnNode): void {
    let hash = leaf
    let height = 0
    let index = this.#size
    onNode?.(height, index, hash)
    while (index % 2 === 1) {
      const left = this.#peaks.pop()
      if (left === undefined) throw new Error('frontier lost a peak')
      hash = nodeHash(left, hash)
      height += 1
      index = (index - 1) / 2
      onNode?.(height, index, hash)
    }
    this.#peaks.push(hash)
    this.#size += 1
  }

  root(): Buffer {
    let root: Buffer | undefined
    for (let i = this.#peaks.length - 1; i >= 0; i -= 1) {
      const peak = this.#peaks[i] as Buffer
      root = root === undefined ? peak : nodeHash(peak, root)
    }
    return root ?? EMPTY_ROOT
  }
}
