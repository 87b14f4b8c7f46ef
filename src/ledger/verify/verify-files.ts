import type { Disk } from '../disk.ts'
import type { Finding } from './finding.ts'
import { HASH_BYTES } from '../tree/merkle.ts'
import { parseTilePath, TILE_WIDTH, type TilePath, tilePath } from '../tree/tile-path.ts'

/** Every file below `folder`, by its path. */
export async function listFiles(disk: Disk, folder = ''): Promise<string[]> {
  const files: string[] = []
  for (const name of await disk.list(folder)) {
    const path = folder === '' ? name : `${folder}/${name}`
    if (name.endsWith('/')) files.push(...(await listFiles(disk, path.slice(0, -1))))
    else files.push(path)
  }
  return files
}

/** Whatever the width, files of one tile must begin alike. */
function keyOf({ level, index }: TilePath): string {
  return tilePath({ level, index, width: TILE_WIDTH })
}

/**
 * Compares the files of the standard layout with what the entries give, as the entries pass by. Each file is read once;
 * what the tree needs and is not there, and what is there and no tree needs, are findings too.
 */
export class TileFiles {
  readonly #disk: Disk
  readonly #findings: Finding[]
  readonly #files = new Map<string, TilePath[]>()
  readonly #present = new Set<string>()

  constructor(disk: Disk, paths: readonly string[], findings: Finding[]) {
    this.#disk = disk
    this.#findings = findings
    for (const path of paths) {
      const tile = parseTilePath(path)
      if (tile === undefined) {
        findings.push({ file: path, what: 'a file that is no tile' })
        continue
      }
      this.#present.add(path)
      const key = keyOf(tile)
      this.#files.set(key, [...(this.#files.get(key) ?? []), tile])
    }
  }

  /** `hashes`: what the tile holds now, from its first hash on. */
  tile(level: number, index: number, hashes: Buffer): Promise<void> {
    return this.#compare({ level, index, width: TILE_WIDTH }, hashes.length / HASH_BYTES, width =>
      hashes.subarray(0, width * HASH_BYTES),
    )
  }

  /** `prefixed`: 0x00 ‖ entry of each. */
  bundle(index: number, prefixed: readonly Buffer[]): Promise<void> {
    return this.#compare({ level: 'entries', index, width: TILE_WIDTH }, prefixed.length, width =>
      bundleOf(prefixed.slice(0, width)),
    )
  }

  /** Leaf hashes of `count` entries as the tile files have them, not yet compared; undefined where there is no file. */
  async storedLeaves(first: number, count: number): Promise<readonly (Buffer | undefined)[]> {
    const leaves: (Buffer | undefined)[] = []
    let tile: { readonly index: number; readonly bytes: Buffer } | undefined
    for (let index = first; index < first + count; index += 1) {
      const number = Math.floor(index / TILE_WIDTH)
      if (tile?.index !== number) {
        const widest = [
          ...(this.#files.get(keyOf({ level: 0, index: number, width: TILE_WIDTH })) ?? []),
        ].sort((a, b) => b.width - a.width)[0]
        tile = {
          index: number,
          bytes: (widest && (await this.#disk.read(tilePath(widest)))) ?? Buffer.alloc(0),
        }
      }
      const at = (index % TILE_WIDTH) * HASH_BYTES
      leaves.push(at + HASH_BYTES <= tile.bytes.length ? tile.bytes.subarray(at, at + HASH_BYTES) : undefined)
    }
    return leaves
  }

  /** After everything was compared. `needed`: tiles the published head requires. */
  finish(needed: readonly TilePath[]): void {
    for (const tiles of this.#files.values()) {
      for (const tile of tiles) {
        this.#findings.push({
          file: tilePath(tile),
          what: 'a tile beyond the end of the log',
          ...indexOf(tile),
        })
      }
    }
    for (const tile of needed) {
      if (!this.#present.has(tilePath(tile)))
        this.#findings.push({ file: tilePath(tile), what: 'a tile is missing', ...indexOf(tile) })
    }
  }

  async #compare(tile: TilePath, available: number, bytesOf: (width: number) => Buffer): Promise<void> {
    const key = keyOf(tile)
    const files = this.#files.get(key) ?? []
    this.#files.delete(key)
    for (const file of files) {
      const path = tilePath(file)
      if (file.width > available) {
        this.#findings.push({ file: path, what: 'a tile beyond the end of the log', ...indexOf(file) })
        continue
      }
      const expected = bytesOf(file.width)
      const stored = (await this.#disk.read(path)) ?? Buffer.alloc(0)
      if (stored.equals(expected)) continue
      this.#findings.push({
        file: path,
        what: 'a tile that is not what the entries give',
        ...indexOf(file, stored, expected),
      })
    }
  }
}

/** c2sp.org/tlog-tiles "Log entries": a big-endian uint16 length before each entry, where the 0x00 stands. */
function bundleOf(prefixed: readonly Buffer[]): Buffer {
  let length = 0
  for (const entry of prefixed) length += 1 + entry.length
  const bytes = Buffer.allocUnsafe(length)
  let at = 0
  for (const entry of prefixed) {
    entry.copy(bytes, at + 1)
    bytes.writeUInt16BE(entry.length - 1, at)
    at += 1 + entry.length
  }
  return bytes
}

/** First entry that the place concerns, or that differs. */
function indexOf({ level, index }: TilePath, stored?: Buffer, expected?: Buffer): { readonly index: number } {
  const first = index * TILE_WIDTH ** (level === 'entries' ? 1 : level + 1)
  if (stored === undefined || expected === undefined) return { index: first }
  let at = 0
  while (at < stored.length && at < expected.length && stored[at] === expected[at]) at += 1
  if (level !== 'entries') return { index: first + Math.floor(at / HASH_BYTES) * TILE_WIDTH ** level }
  let entry = 0
  for (let end = 0; end + 2 <= expected.length; entry += 1) {
    end += 2 + expected.readUInt16BE(end)
    if (at < end) break
  }
  return { index: first + entry }
}
