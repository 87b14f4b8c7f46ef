import { setTimeout as sleep } from 'node:timers/promises'
import { sameBytes } from '../../kernel/bytes.ts'
import type { Disk } from '../disk.ts'
import type { EntryReader } from '../entry/entry-reader.ts'
import type { Frame } from '../segment/frame.ts'
import { FrameChain } from '../segment/frame-chain.ts'
import { scan } from '../segment/scan.ts'
import { HASH_BYTES, leafHashOfPrefixed } from '../tree/merkle.ts'
import { TILE_WIDTH, type TilePath, tilePath } from '../tree/tile-path.ts'
import { bundled, type Tiles } from '../tree/tiles.ts'
import { fullTiles } from '../tree/tree.ts'

export interface RehashOptions {
  readonly origin: string
  readonly disk: Disk
  readonly reader: EntryReader
  readonly tiles: Tiles
  /** Entries to go through: those that were there at the start. */
  readonly size: number
  /** Number of the segment that holds the last of them. */
  readonly lastSegment: number
  /** Rest before it begins, ms: a start has something better to do. */
  readonly afterMs: number
}

/** Work in one go, ms, and how many times as long it then rests: what is waiting to be appended goes first. */
const WORK_MS = 2
const REST = 4

/**
 * Goes through all frames of a log that is already open: each must be intact and follow the one before it, each entry must be what
 * the tree holds, and each full tile and bundle file what the entries give; a file that is not is written again. So a start
 * may trust a snapshot and still nothing in the folder goes unread.
 */
export class Rehash {
  readonly #options: RehashOptions
  readonly #repaired: string[] = []
  #bundle: Buffer[] = []
  #stopped = false
  readonly #stop = new AbortController()
  #since = 0

  constructor(options: RehashOptions) {
    this.#options = options
  }

  /** Resolves with the files that were written again. Rejects with Fault `ledger.damaged`, naming file and index, or the disk's error. */
  async run(): Promise<readonly string[]> {
    const { disk, origin, reader, size, lastSegment, afterMs } = this.#options
    await this.#sleep(afterMs)
    const chain = new FrameChain(origin)
    const numbers = Array.from({ length: size === 0 ? 0 : lastSegment + 1 }, (_, number) => number)
    for await (const found of scan(disk, numbers)) {
      if (this.#stopped || chain.next >= size) break
      if (found.kind === 'end') continue
      if (found.kind === 'bad' || chain.fault(found.frame) !== undefined) throw reader.damaged(chain.next)
      await this.#entries(found.frame)
      chain.pass(found.frame)
    }
    if (!this.#stopped && chain.next < size) throw reader.damaged(chain.next)
    for (const tile of fullTiles(size)) {
      if (this.#stopped || tile.level === 'entries' || tile.level === 0) continue
      await this.#repair(tile, await this.#options.tiles.read(tilePath(tile)))
    }
    return this.#repaired
  }

  stop(): void {
    this.#stopped = true
    this.#stop.abort()
  }

  async #entries({ first, records }: Frame): Promise<void> {
    const { tiles, reader } = this.#options
    for (let from = 0; from < records.length && !this.#stopped; ) {
      const space = TILE_WIDTH - ((first + from) % TILE_WIDTH)
      const part = records.slice(from, from + space)
      const leaves = await tiles.leaves(first + from, first + from + part.length)
      for (const [i, { prefixed }] of part.entries()) {
        const leaf = leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)
        if (!sameBytes(leafHashOfPrefixed(prefixed), leaf)) throw reader.damaged(first + from + i)
        this.#bundle.push(bundled(prefixed))
      }
      from += part.length
      if (this.#bundle.length === TILE_WIDTH) await this.#compare((first + from) / TILE_WIDTH - 1)
      await this.#rest()
    }
  }

  /** The files of a full tile of leaves and of its entries, which have just gone by. */
  async #compare(index: number): Promise<void> {
    const width = TILE_WIDTH
    const bundle = Buffer.concat(this.#bundle)
    this.#bundle = []
    await this.#repair({ level: 'entries', index, width }, bundle)
    const leaves = await this.#options.tiles.leaves(index * width, (index + 1) * width)
    await this.#repair({ level: 0, index, width }, leaves)
  }

  async #repair(tile: TilePath, bytes: Buffer | undefined): Promise<void> {
    const { disk } = this.#options
    const path = tilePath(tile)
    if (bytes === undefined || (await disk.read(path))?.equals(bytes) === true) return
    await disk.replace(path, bytes)
    this.#repaired.push(path)
  }

  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    this.#since = performance.now()
  }

  async #rest(): Promise<void> {
    const worked = performance.now() - this.#since
    if (worked < WORK_MS) return
    await this.#sleep(worked * REST)
  }
}
