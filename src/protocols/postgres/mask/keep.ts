/** What stays readable of a masked value (`keep` of a procedure). */
export type Keep = 'nothing' | 'domain' | 'last4'

/** What replaces a column: a text by its `keep`, anything else by NULL, which every type has. */
export type ColumnMask = Keep | 'null'

/** Masks by position in a row; undefined where a column stays as it is. */
export type RowPlan = readonly (ColumnMask | undefined)[]

/** Bytes of a value's end that decide how it is masked: so a value of any length is masked without being held. */
export const END_BYTES = 1024

/** Shorter than this, four characters would be half of the value: nothing is kept. */
const LAST4_AT_LEAST = 8

const HIDDEN = Buffer.from('****')
/** Whatever stands behind the last @ and could be the name of a host. */
const DOMAIN = /@([^\s@"'<>()[\],;:\\/]{1,253})$/u

/**
 * The masked form of a text in UTF-8, given its last `END_BYTES` bytes (or all, if it has no more). `nothing` → `****`; `domain` →
 * `***@example.org`; `last4` → `***1234`; where what is to be kept cannot be told, `****`. Blanks at the end do not count:
 * `character(n)` is padded with them.
 */
export function maskEnd(end: Buffer, keep: Keep): Buffer {
  if (keep === 'nothing') return HIDDEN
  const text = end.toString('utf8').replace(/ +$/, '')
  if (keep === 'domain') {
    const domain = DOMAIN.exec(text)?.[1]
    return domain === undefined ? HIDDEN : Buffer.from(`***@${domain}`)
  }
  const characters = Array.from(text)
  return characters.length < LAST4_AT_LEAST ? HIDDEN : Buffer.from(`***${characters.slice(-4).join('')}`)
}

/** Collects the end of a value that arrives in pieces; holds at most twice `END_BYTES`. */
export class ValueEnd {
  #bytes: Buffer = Buffer.alloc(0)

  add(piece: Buffer): void {
    const joined =
      piece.length >= END_BYTES ? piece.subarray(-END_BYTES) : Buffer.concat([this.#bytes, piece])
    this.#bytes = Buffer.from(joined.subarray(-END_BYTES))
  }

  take(): Buffer {
    const end = this.#bytes
    this.#bytes = Buffer.alloc(0)
    return end
  }
}
