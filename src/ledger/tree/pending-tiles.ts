import { type TilePath, tilePath } from './tile-path.ts'

/** Tiles of leaves that are kept: 8 MiB. Those above them are one in 256, and dear to make again. */
const MOST_LEAVES = 1024

interface Pending {
  readonly tile: TilePath
  readonly bytes: Buffer
}

/**
 * Full tiles that are not yet files, by path. Of leaves only some are kept: when the log is written faster than its files, the others
 * are made again from the entries by whoever reads or writes them. Filled by the tree, emptied by the publisher.
 */
export class PendingTiles {
  readonly #leaves = new Map<string, Pending>()
  readonly #above = new Map<string, Pending>()

  add(tile: TilePath, bytes: Buffer): void {
    if (tile.level !== 0) this.#above.set(tilePath(tile), { tile, bytes })
    else if (this.#leaves.size < MOST_LEAVES) this.#leaves.set(tilePath(tile), { tile, bytes })
  }

  get(path: string): Buffer | undefined {
    return (this.#leaves.get(path) ?? this.#above.get(path))?.bytes
  }

  delete(path: string): void {
    this.#leaves.delete(path)
    this.#above.delete(path)
  }

  /** Those of this moment that are kept. */
  kept(): readonly Pending[] {
    return [...this.#above.values(), ...this.#leaves.values()]
  }
}
