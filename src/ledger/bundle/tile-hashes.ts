import type { Log } from '../log.ts'
import { HASH_BYTES, type HashReader } from '../tree/merkle.ts'
import { TILE_WIDTH, tilePath } from '../tree/tile-path.ts'
import { TILE_HEIGHT, tileRoot } from '../tree/tree.ts'

/** Hashes of the first `size` entries of a running log, read from its tiles, which the log answers for. */
export function tileHashes(log: Pick<Log, 'readTile'>, size: number): HashReader {
  // Proofs are made from left to right, so the last tile of each level is nearly always the one wanted next.
  const last = new Map<number, { readonly path: string; readonly bytes: Buffer }>()
  const read = async (level: number, index: number): Promise<Buffer> => {
    const complete = Math.floor(size / TILE_WIDTH ** level)
    const path = tilePath({ level, index, width: Math.min(TILE_WIDTH, complete - index * TILE_WIDTH) })
    const known = last.get(level)
    if (known?.path === path) return known.bytes
    const bytes = await log.readTile(path)
    if (bytes === undefined) throw new RangeError(`the log has no ${path}`)
    last.set(level, { path, bytes })
    return bytes
  }
  return {
    async node(height, index) {
      const span = 2 ** (height % TILE_HEIGHT)
      const first = index * span
      const bytes = await read(Math.floor(height / TILE_HEIGHT), Math.floor(first / TILE_WIDTH))
      const at = (first % TILE_WIDTH) * HASH_BYTES
      return tileRoot(bytes.subarray(at, at + span * HASH_BYTES))
    },
  }
}
