import { sameBytes } from '../../kernel/bytes.ts'
import type { Disk } from '../disk.ts'
import type { EntryReader } from '../entry/entry-reader.ts'
import { Frontier } from './frontier.ts'
import { innerNodes } from './inner-nodes.ts'
import { HASH_BYTES, type HashReader, leafHashOfPrefixed } from './merkle.ts'
import type { PendingTiles } from './pending-tiles.ts'
import { parseTilePath, TILE_BYTES, TILE_WIDTH, tilePath } from './tile-path.ts'
import { TILE_HEIGHT, type Tree } from './tree.ts'

/** Full tiles kept after they were read: 8 MiB. */
const CACHED = 1024
/** Tiles of which the hashes between them and the tile above are kept as well, 8 KiB each. */
const CACHED_INNER = 512

/** c2sp.org/tlog-tiles "Log entries": big-endian uint16 length before each entry. */
export async function entryBundle(reader: EntryReader, index: number, width: number): Promise<Buffer> {
  const parts: Buffer[] = []
  const from = index * TILE_WIDTH
  for await (const records of reader.batches(from, from + width)) {
    for (const { prefixed } of records) parts.push(bundled(prefixed))
  }
  return Buffer.concat(parts)
}

/** An entry as a bundle holds it. `prefixed`: 0x00 ‖ entry, whose bytes stay the caller's. */
export function bundled(prefixed: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(1 + prefixed.length)
  prefixed.copy(bytes, 1)
  bytes.writeUInt16BE(prefixed.length - 1)
  return bytes
}

/**
 * Hashes of the tree, from memory at its right edge and from tile files elsewhere. A tile read from a file counts only
 * when it hashes to what the tile above says, up to the edge in memory, which comes from the entries themselves; a
 * missing or damaged one is made again from the entries. So a proof never rests on a derived file.
 */
export class Tiles implements HashReader {
  readonly #disk: Disk
  readonly #tree: Tree
  readonly #reader: EntryReader
  /** Full tiles that are not yet files. */
  readonly pending: PendingTiles
  readonly #cache = new Map<string, Buffer>()
  readonly #inner = new Map<string, readonly Buffer[]>()

  constructor(disk: Disk, tree: Tree, reader: EntryReader, pending: PendingTiles) {
    this.pending = pending
    this.#disk = disk
    this.#tree = tree
    this.#reader = reader
  }

  async node(height: number, index: number): Promise<Buffer> {
    const recent = this.#tree.recent(height, index)
    if (recent !== undefined) return recent
    const level = Math.floor(height / TILE_HEIGHT)
    const above = height % TILE_HEIGHT
    const across = TILE_WIDTH / 2 ** above
    const tile = Math.floor(index / across)
    const hashes = await this.#hashes(level, tile)
    const at = (index % across) * HASH_BYTES
    const nodes = hashes && (above === 0 ? hashes : this.#innerOf(level, tile, hashes)[above])
    if (nodes === undefined || nodes.length < at + HASH_BYTES)
      throw new RangeError(`the tree has no complete subtree ${height}/${index}`)
    return nodes.subarray(at, at + HASH_BYTES)
  }

  /** The leaf hash of a durable entry. */
  leaf(index: number): Promise<Buffer> {
    return this.node(0, index)
  }

  /** The leaf hashes of durable entries `from` up to, not including, `to`, one behind the other. */
  async leaves(from: number, to: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for (let at = from; at < to; ) {
      const tile = Math.floor(at / TILE_WIDTH)
      const end = Math.min(to, (tile + 1) * TILE_WIDTH)
      const hashes = await this.#hashes(0, tile)
      const first = tile * TILE_WIDTH
      const part = hashes?.subarray((at - first) * HASH_BYTES, (end - first) * HASH_BYTES)
      if (part?.length !== (end - at) * HASH_BYTES) throw new RangeError(`the tree has no leaf ${end - 1}`)
      parts.push(part)
      at = end
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  }

  /** A tile or bundle as c2sp.org/tlog-tiles serves it, any partial width included; undefined when the tree lacks it. */
  async read(path: string): Promise<Buffer | undefined> {
    const tile = parseTilePath(path)
    if (tile === undefined) return undefined
    const { level, index, width } = tile
    if (level === 'entries') {
      if (index * TILE_WIDTH + width > this.#reader.length) return undefined
      return entryBundle(this.#reader, index, width)
    }
    const hashes = await this.#hashes(level, index)
    if (hashes === undefined || hashes.length < width * HASH_BYTES) return undefined
    return Buffer.from(hashes.subarray(0, width * HASH_BYTES))
  }

  /** The hashes of a tile as far as the tree has them; undefined beyond its edge. */
  async #hashes(level: number, index: number): Promise<Buffer | undefined> {
    const full = this.#tree.full(level)
    if (index > full) return undefined
    if (index === full) return this.#tree.edge(level)
    const path = tilePath({ level, index, width: TILE_WIDTH })
    const known = this.pending.get(path) ?? this.#cache.get(path)
    if (known !== undefined) return known
    // The hash above lies in a tile that is itself authentic.
    const expected = await this.node((level + 1) * TILE_HEIGHT, index)
    const stored = await this.#disk.read(path)
    const usable =
      stored?.length === TILE_BYTES &&
      sameBytes(this.#innerOf(level, index, stored).at(-1) ?? stored, expected)
    const hashes = usable ? stored : await this.#rebuild(level, index, expected)
    if (!usable) this.pending.add({ level, index, width: TILE_WIDTH }, hashes)
    remember(this.#cache, path, hashes, CACHED)
    return hashes
  }

  /** From the entries alone: rare, and as long as reading all that the tile spans. */
  async #rebuild(level: number, index: number, expected: Buffer): Promise<Buffer> {
    const span = TILE_WIDTH ** (level + 1)
    const hashes: Buffer[] = []
    const frontier = new Frontier()
    const keep = (height: number, _index: number, hash: Buffer): void => {
      if (height === level * TILE_HEIGHT) hashes.push(hash)
    }
    for await (const records of this.#reader.batches(index * span, (index + 1) * span)) {
      for (const { prefixed } of records) frontier.append(leafHashOfPrefixed(prefixed), keep)
    }
    if (!sameBytes(frontier.root(), expected)) throw this.#reader.damaged(index * span)
    return Buffer.concat(hashes)
  }

  /** As long as the tile does not grow they are made once. */
  #innerOf(level: number, index: number, hashes: Buffer): readonly Buffer[] {
    const key = `${level}/${index}`
    const known = this.#inner.get(key)
    if (known?.[0]?.equals(hashes) === true) return known
    const made = innerNodes(hashes)
    remember(this.#inner, key, made, CACHED_INNER)
    return made
  }
}

/** What was put in first gives way. */
function remember<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  const oldest = map.size >= most ? map.keys().next().value : undefined
  if (oldest !== undefined) map.delete(oldest)
  map.set(key, value)
}
