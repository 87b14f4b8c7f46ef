import type { Disk } from '../disk.ts'
import type { EntryReader } from '../entry/entry-reader.ts'
import type { Head } from '../log.ts'
import { TILE_WIDTH, type TilePath, tilePath } from './tile-path.ts'
import { entryBundle, type Tiles } from './tiles.ts'
import { partialTiles } from './tree.ts'

export const CHECKPOINT_FILE = 'checkpoint'

/** Tiles written at a time: they wait for the disk more than for anything else, and one of Node's four threads is for the log. */
const AT_ONCE = 3

/**
 * Writes the standard layout (c2sp.org/tlog-tiles) into the log's folder, behind the entries: full tiles and bundles,
 * the partial ones of the signed head, then its checkpoint. All of it can be made again from the segments and the
 * signer, so trouble with these files never stops the log: the next round tries again.
 */
export class Publisher {
  readonly #disk: Disk
  readonly #tiles: Tiles
  readonly #reader: EntryReader
  readonly #head: () => Head
  readonly #everyMs: number
  #partials: TilePath[]
  /** Unknown until this process has written the files once: what another left may be damaged. */
  #published: number | undefined
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #stopped = false

  /** `published`: size of the head whose partial tiles are already files; they are written again, once, and removed when their time comes. */
  constructor(
    disk: Disk,
    tiles: Tiles,
    reader: EntryReader,
    head: () => Head,
    everyMs: number,
    published: number,
  ) {
    this.#disk = disk
    this.#tiles = tiles
    this.#reader = reader
    this.#head = head
    this.#everyMs = everyMs
    this.#partials = partialTiles(published)
  }

  /** There is a new signed head. */
  touch(): void {
    if (this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.flush().catch(() => this.touch())
    }, this.#everyMs).unref()
  }

  /** Resolves when the files show the signed head of this moment. Rejects with the disk's error. */
  async flush(): Promise<void> {
    await this.#round?.catch(() => undefined)
    this.#round ??= this.#publish().finally(() => {
      this.#round = undefined
    })
    await this.#round
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#round?.catch(() => undefined)
  }

  async #full(tile: TilePath, bytes: Buffer): Promise<void> {
    if (tile.level === 0) {
      const bundle: TilePath = { level: 'entries', index: tile.index, width: TILE_WIDTH }
      await this.#disk.replace(tilePath(bundle), await entryBundle(this.#reader, bundle.index, TILE_WIDTH))
    }
    const path = tilePath(tile)
    await this.#disk.replace(path, bytes)
    this.#tiles.pending.delete(path)
  }

  async #publish(): Promise<void> {
    const head = this.#head()
    // Those of this moment: a log that fills tiles faster than they are written would keep the round, and its checkpoint, waiting for ever.
    const waiting = [...this.#tiles.pending.values()].values()
    const write = async (): Promise<void> => {
      for (const { tile, bytes } of waiting) await this.#full(tile, bytes)
    }
    const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, write))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    if (head.size === this.#published) return
    const partials = partialTiles(head.size)
    for (const tile of partials) {
      const path = tilePath(tile)
      const bytes = await this.#tiles.read(path)
      if (bytes !== undefined) await this.#disk.replace(path, bytes)
    }
    await this.#disk.replace(CHECKPOINT_FILE, Buffer.from(head.checkpoint))
    const keep = new Set(partials.map(tilePath))
    for (const old of this.#partials.map(tilePath)) if (!keep.has(old)) await this.#disk.remove(old)
    this.#partials = partials
    this.#published = head.size
  }
}
