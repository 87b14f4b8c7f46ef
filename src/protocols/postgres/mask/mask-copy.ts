import { copyDecode, copyEncode } from './copy-value.ts'
import { END_BYTES, maskEnd, type ColumnMask, type RowPlan } from './keep.ts'
import { unannounced } from './mask-row.ts'
import type { CopyFormat } from './outline.ts'

const NEWLINE = 10
const BACKSLASH = 92

/**
 * Masks the data of one COPY TO STDOUT in text or csv format as they pass, split in any way. Holds the end of one masked field.
 * Throws Fault `protocol.violation` when a row has other columns than expected.
 */
export class CopyMasker {
  readonly #plan: RowPlan
  readonly #format: CopyFormat
  readonly #delimiter: number
  readonly #quote: number
  readonly #escape: number
  #header: boolean
  #column = 0
  /** Within quotes of a csv field. */
  #inside = false
  /** The byte before said that this one means itself. */
  #escaped = false
  #fieldBytes = 0
  #quoted = false
  #raw: Buffer = Buffer.alloc(0)

  constructor(plan: RowPlan, format: CopyFormat) {
    this.#plan = plan
    this.#format = format
    this.#header = format.header
    this.#delimiter = format.delimiter.charCodeAt(0)
    const csv = format.kind === 'csv'
    this.#quote = csv ? format.quote.charCodeAt(0) : -1
    this.#escape = csv ? format.escape.charCodeAt(0) : BACKSLASH
  }

  /** Takes data; gives what may leave now. */
  feed(bytes: Buffer): Buffer {
    const out: Buffer[] = []
    let from = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (!this.#ends(byte)) continue
      this.#field(bytes.subarray(from, at), out)
      this.#over(out)
      out.push(bytes.subarray(at, at + 1))
      from = at + 1
      this.#advance(byte === NEWLINE)
    }
    this.#field(bytes.subarray(from), out)
    return Buffer.concat(out)
  }

  /** Whether this byte ends the field; keeps the state of quotes and escapes. */
  #ends(byte: number): boolean {
    const first = this.#fieldBytes++ === 0
    if (this.#escaped) {
      this.#escaped = false
      return false
    }
    if (byte === this.#quote && (first || this.#quoted)) {
      // A doubled quote leaves and enters again, which comes to the same.
      this.#quoted = true
      this.#inside = !this.#inside
      return false
    }
    if (byte === this.#escape && (this.#quote < 0 || (this.#inside && this.#escape !== this.#quote))) {
      this.#escaped = true
      return false
    }
    return !this.#inside && (byte === this.#delimiter || byte === NEWLINE)
  }

  get #mask(): ColumnMask | undefined {
    return this.#header ? undefined : this.#plan[this.#column]
  }

  #field(piece: Buffer, out: Buffer[]): void {
    if (piece.length === 0) return
    if (this.#mask === undefined) out.push(piece)
    // Twice what decides, as each byte of a value may be written as two.
    else this.#raw = Buffer.concat([this.#raw, piece.subarray(-2 * END_BYTES)]).subarray(-2 * END_BYTES)
  }

  #over(out: Buffer[]): void {
    const mask = this.#mask
    if (mask === undefined) return
    const raw = this.#raw.toString('latin1')
    this.#raw = Buffer.alloc(0)
    const isNull = !this.#quoted && raw === this.#format.nullText
    if (isNull || mask === 'null') {
      out.push(Buffer.from(this.#format.nullText))
      return
    }
    const value = Buffer.from(copyDecode(raw, this.#quoted, this.#format), 'latin1')
    const masked = maskEnd(value.subarray(-END_BYTES), mask).toString('latin1')
    out.push(Buffer.from(copyEncode(masked, this.#quoted, this.#format), 'latin1'))
  }

  #advance(row: boolean): void {
    this.#fieldBytes = 0
    this.#quoted = false
    if (row !== (this.#column === this.#plan.length - 1)) throw unannounced()
    this.#column = row ? 0 : this.#column + 1
    if (row) this.#header = false
  }
}
