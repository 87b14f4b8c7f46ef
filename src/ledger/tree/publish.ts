import type { Disk } from '../disk.ts'
import type { EntryReader } from '../entry/entry-reader.ts'
import type { Head } from '../log.ts'
import { TILE_WIDTH, type TilePath, tilePath } from './tile-path.ts'
import { entryBundle, type Tiles } from './tiles.ts'
import { partialTiles } from './tree.ts'

export const CHECKPOINT_FILE = 'checkpoint'

/** Tiles written at a time: they wait for the disk more than for anything else, and one of Node's four threads is for the log. */
const AT_ONCE = 3
/** Tiles after which it is noted how far the files go. */
const STRIDE = 48

export interface PublisherOptions {
  readonly disk: Disk
  readonly tiles: Tiles
  readonly reader: EntryReader
  readonly head: () => Head
  /** Longest delay until the files show a signed head, ms. */
  readonly everyMs: number
  /** Size of the head whose partial tiles are already files; they are written again, once, and removed when their time comes. */
  readonly published: number
  /** Full tiles of a tree of this size are files already, or somebody else sees to it. */
  readonly filed: number
}

/**
 * Writes the standard layout (c2sp.org/tlog-tiles) into the log's folder, behind the entries: full tiles and bundles,
 * the partial ones of the signed head, then its checkpoint. All of it can be made again from the segments and the
 * signer, so trouble with these files never stops the log: the next round tries again. It reads what it writes from the
 * entries as far as the tree does not hold it any more, so being behind costs no memory.
 */
export class Publisher {
  readonly #options: PublisherOptions
  #partials: TilePath[]
  /** Of each level, lowest first: full tiles up to here, not including, are files. */
  readonly #next: number[]
  /** Unknown until this process has written the files once: what another left may be damaged. */
  #published: number | undefined
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #stopped = false
  #over = false

  constructor(options: PublisherOptions) {
    this.#options = options
    this.#partials = partialTiles(options.published)
    this.#next = fullOfLevels(options.filed)
  }

  /** There is a new signed head. */
  touch(): void {
    if (this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flush().catch(() => this.touch())
    }, this.#options.everyMs).unref()
  }

  /**
   * Writes what is left for at most `ms`, and then no more: the files show the signed head of this moment, or an earlier one. What
   * the disk refuses is left to the next start.
   */
  async stop(ms: number): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    if (ms === 0) this.#over = true
    const limit = setTimeout(() => (this.#over = true), ms)
    await this.#flush().catch(() => undefined)
    clearTimeout(limit)
  }

  /** Resolves when the files show the signed head of this moment, or nothing more is to be written. Rejects with the disk's error. */
  async #flush(): Promise<void> {
    await this.#round?.catch(() => undefined)
    this.#round ??= this.#publish().finally(() => {
      this.#round = undefined
    })
    await this.#round
  }

  async #publish(): Promise<void> {
    const { disk, tiles, head: latest } = this.#options
    // That of this moment: a log that fills tiles faster than they are written would keep the round, and its checkpoint, waiting for ever.
    const head = latest()
    if (!(await this.#full(head.size))) return
    if (head.size === this.#published) return
    const partials = partialTiles(head.size)
    for (const tile of partials) {
      const path = tilePath(tile)
      const bytes = await tiles.read(path)
      if (bytes !== undefined) await disk.replace(path, bytes)
    }
    await disk.replace(CHECKPOINT_FILE, Buffer.from(head.checkpoint))
    const keep = new Set(partials.map(tilePath))
    for (const old of this.#partials.map(tilePath)) if (!keep.has(old)) await disk.remove(old)
    this.#partials = partials
    this.#published = head.size
  }

  /** Full tiles and bundles of a tree of `size`, and what was found damaged since; false when it was broken off. */
  async #full(size: number): Promise<boolean> {
    const { tiles, disk } = this.#options
    const damaged = tiles.pending.kept().filter(({ tile }) => tile.index < this.#filed(Number(tile.level)))
    const mend = async ({ tile, bytes }: (typeof damaged)[number]): Promise<void> => {
      await disk.replace(tilePath(tile), bytes)
      tiles.pending.delete(tilePath(tile))
    }
    if (!(await this.#each(damaged, mend))) return false
    for (const [level, end] of fullOfLevels(size).entries()) {
      while (this.#filed(level) < end) {
        const from = this.#filed(level)
        const stride = Array.from({ length: Math.min(STRIDE, end - from) }, (_, i) => from + i)
        if (!(await this.#each(stride, index => this.#file(level, index)))) return false
        this.#next[level] = from + stride.length
      }
    }
    return true
  }

  #filed(level: number): number {
    return this.#next[level] ?? 0
  }

  /** A full tile, and before one of leaves its bundle: who sees the one finds the other. */
  async #file(level: number, index: number): Promise<void> {
    const { disk, reader, tiles } = this.#options
    const width = TILE_WIDTH
    const path = tilePath({ level, index, width })
    const bytes = await tiles.read(path)
    if (bytes === undefined) throw new RangeError(`the tree has no ${path}`)
    if (level === 0)
      await disk.replace(
        tilePath({ level: 'entries', index, width }),
        await entryBundle(reader, index, width),
      )
    await disk.replace(path, bytes)
    tiles.pending.delete(path)
  }

  /** Some at a time; false when it was broken off. Rejects with the first error, when none is under way any more. */
  async #each<T>(items: readonly T[], write: (item: T) => Promise<void>): Promise<boolean> {
    const waiting = items.values()
    const work = async (): Promise<void> => {
      for (const item of waiting) {
        if (this.#over) return
        await write(item)
      }
    }
    const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return !this.#over
  }
}

/** How many full tiles a tree of `size` has at each level, lowest first. */
function fullOfLevels(size: number): number[] {
  const full: number[] = []
  for (let count = Math.floor(size / TILE_WIDTH); count > 0; count = Math.floor(count / TILE_WIDTH))
    full.push(count)
  return full
}
