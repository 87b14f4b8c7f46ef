import { Frontier } from './frontier.ts'
import { HASH_BYTES } from './merkle.ts'
import { TILE_BYTES, TILE_WIDTH, type TilePath } from './tile-path.ts'

/** The tile being filled at one level. */
interface Edge {
  /** Full tiles to the left of it. */
  full: number
  width: number
  /** Written once, from left to right; a full tile gives way to a new one, so that what was read of it stays. */
  bytes: Buffer
  /** Roots of the complete subtrees inside it that came into being here, by `innerKey`. */
  readonly inner: Map<number, Buffer>
}

export type OnFull = (tile: TilePath, bytes: Buffer) => void

/** Bits of the index that one level of tiles covers. */
export const TILE_HEIGHT = 8

/**
 * The tree of the durable entries as far as it is kept in memory: the root, and the rightmost tile of each level.
 * Owned by the committing side; grows only after fdatasync. Full tiles are handed to `onFull` once, as they fill up.
 */
export class Tree {
  readonly #frontier: Frontier
  readonly #edges: Edge[] = []
  readonly #onFull: OnFull

  /**
   * `size` and `edges` (what `edge` gives for each level, lowest first, empty where it gives nothing): go on with a tree as it was.
   * RangeError when no tree of that size has such edges; whether they are its own the root tells.
   */
  constructor(onFull: OnFull, size = 0, edges: readonly Buffer[] = []) {
    this.#onFull = onFull
    const peaks: Buffer[] = []
    for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / TILE_WIDTH)) {
      const width = count % TILE_WIDTH
      const hashes = edges[level]
      if (hashes?.length !== width * HASH_BYTES) throw new RangeError(`no tree of ${size} has such edges`)
      const bytes = Buffer.alloc(TILE_BYTES)
      hashes.copy(bytes)
      this.#edges.push({ full: Math.floor(count / TILE_WIDTH), width, bytes, inner: new Map() })
      peaks.unshift(...peaksOf(hashes))
    }
    this.#frontier = new Frontier(size, peaks)
  }

  get size(): number {
    return this.#frontier.size
  }

  root(): Buffer {
    return this.#frontier.root()
  }

  append(leaf: Buffer): void {
    this.#frontier.append(leaf, this.#place)
  }

  /** Number of full tiles at `level`. */
  full(level: number): number {
    return this.#edges[level]?.full ?? 0
  }

  /** The hashes of the rightmost tile of `level`, undefined when it is empty. They do not change any more. */
  edge(level: number): Buffer | undefined {
    const edge = this.#edges[level]
    return edge === undefined || edge.width === 0
      ? undefined
      : edge.bytes.subarray(0, edge.width * HASH_BYTES)
  }

  /** The root of a complete subtree inside the rightmost tiles, as far as it is at hand: a signer asks for some at every head. */
  recent(height: number, index: number): Buffer | undefined {
    const above = height % TILE_HEIGHT
    const edge = this.#edges[(height - above) / TILE_HEIGHT]
    const across = TILE_WIDTH / 2 ** above
    if (edge === undefined || Math.floor(index / across) !== edge.full) return undefined
    return edge.inner.get(innerKey(above, index % across))
  }

  /** A copy of all of them, lowest first; empty where a level ends with a full tile. */
  edges(): Buffer[] {
    return this.#edges.map(({ bytes, width }) => Buffer.from(bytes.subarray(0, width * HASH_BYTES)))
  }

  get levels(): number {
    return this.#edges.length
  }

  readonly #place = (height: number, index: number, hash: Buffer): void => {
    const above = height % TILE_HEIGHT
    const level = (height - above) / TILE_HEIGHT
    const edge = (this.#edges[level] ??= {
      full: 0,
      width: 0,
      bytes: Buffer.alloc(TILE_BYTES),
      inner: new Map(),
    })
    if (above > 0) {
      const across = TILE_WIDTH / 2 ** above
      // Those that complete a tile come when it has given way already.
      if (Math.floor(index / across) === edge.full) edge.inner.set(innerKey(above, index % across), hash)
      return
    }
    hash.copy(edge.bytes, edge.width * HASH_BYTES)
    edge.width += 1
    if (edge.width < TILE_WIDTH) return
    this.#onFull({ level, index: edge.full, width: TILE_WIDTH }, edge.bytes)
    edge.full += 1
    edge.width = 0
    edge.bytes = Buffer.alloc(TILE_BYTES)
    edge.inner.clear()
  }
}

function innerKey(above: number, at: number): number {
  return above * TILE_WIDTH + at
}

/** Roots of the complete subtrees that the hashes of a partial tile make up, left to right. */
function peaksOf(hashes: Buffer): Buffer[] {
  const peaks: Buffer[] = []
  let left = hashes.length / HASH_BYTES
  for (let at = 0; left > 0; ) {
    const width = 2 ** Math.floor(Math.log2(left))
    peaks.push(tileRoot(hashes.subarray(at, at + width * HASH_BYTES)))
    at += width * HASH_BYTES
    left -= width
  }
  return peaks
}

/** The Merkle Tree Hash of whole tile hashes; their number must be a power of two for a complete subtree. */
export function tileRoot(hashes: Buffer): Buffer {
  const frontier = new Frontier()
  for (let at = 0; at < hashes.length; at += HASH_BYTES) frontier.append(hashes.subarray(at, at + HASH_BYTES))
  return frontier.root()
}

/** The full tiles and bundles of a tree of `size`. */
export function fullTiles(size: number): TilePath[] {
  const tiles: TilePath[] = []
  for (
    let level = 0, full = Math.floor(size / TILE_WIDTH);
    full > 0;
    level += 1, full = Math.floor(full / TILE_WIDTH)
  ) {
    for (let index = 0; index < full; index += 1) {
      tiles.push({ level, index, width: TILE_WIDTH })
      if (level === 0) tiles.push({ level: 'entries', index, width: TILE_WIDTH })
    }
  }
  return tiles
}

/** The partial tiles that a tree of `size` needs (c2sp.org/tlog-tiles "Partial Tiles"), bundle included. */
export function partialTiles(size: number): TilePath[] {
  const tiles: TilePath[] = []
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / TILE_WIDTH)) {
    const width = count % TILE_WIDTH
    if (width === 0) continue
    const index = Math.floor(count / TILE_WIDTH)
    if (level === 0) tiles.push({ level: 'entries', index, width })
    tiles.push({ level, index, width })
  }
  return tiles
}
