import { HASH_BYTES } from './merkle.ts'

/** c2sp.org/tlog-tiles: 256 hashes, or entries, per tile. */
export const TILE_WIDTH = 256
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES

export interface TilePath {
  /** 0…63, or `entries` for a bundle. */
  readonly level: number | 'entries'
  readonly index: number
  /** 1…256; below 256 the tile is partial. */
  readonly width: number
}

/** `tile/0/x001/067`, `tile/entries/000.p/17`. */
export function tilePath({ level, index, width }: TilePath): string {
  let rest = Math.floor(index / 1000)
  let path = String(index % 1000).padStart(3, '0')
  while (rest > 0) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
    rest = Math.floor(rest / 1000)
  }
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

const FORM = /^tile\/(entries|\d|[1-5]\d|6[0-3])\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

/** Undefined for anything but the one spelling of a path. */
export function parseTilePath(path: string): TilePath | undefined {
  const found = FORM.exec(path)
  if (found === null) return undefined
  const level = found[1] === 'entries' ? 'entries' : Number(found[1])
  const index = Number((found[2] ?? '').replaceAll(/[x/]/g, ''))
  const width = found[3] === undefined ? TILE_WIDTH : Number(found[3])
  if (!Number.isSafeInteger(index) || (found[3] !== undefined && width >= TILE_WIDTH)) return undefined
  const parsed = { level, index, width } as const
  return tilePath(parsed) === path ? parsed : undefined
}
