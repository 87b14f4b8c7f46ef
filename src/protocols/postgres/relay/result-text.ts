import { ByteReader } from '../../../wire/byte-reader.ts'
import { formatOf } from '../messages/decode.ts'

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/**
 * The recorded part of an answer: tab-separated lines like COPY's text format, column names first, `\N` for NULL, binary
 * values as `\x` and hex. Takes at most `limit` bytes of UTF-8 and then says `cut`.
 */
export class ResultText {
  cut = false
  readonly #limit: number
  readonly #lines: string[] = []
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get text(): string | undefined {
    return this.#lines.length === 0 ? undefined : `${this.#lines.join('\n')}\n`
  }

  names(names: readonly string[]): void {
    if (names.length > 0) this.#line(names.map(escape).join('\t'))
  }

  /** The body of a DataRow, `bytes[start, end)`. */
  row(bytes: Buffer, start: number, end: number, formats: readonly number[]): void {
    if (this.cut) return
    const fields = new ByteReader(bytes, start, end)
    const cells: string[] = []
    const columns = fields.uint16()
    for (let column = 0; column < columns; column++) {
      const length = fields.int32()
      if (length === -1) cells.push('\\N')
      else cells.push(cell(fields.bytes(length), formatOf(formats, column)))
    }
    this.#line(cells.join('\t'))
  }

  /** The body of a CopyData on its way out. */
  copied(bytes: Buffer, binary: boolean): void {
    if (this.cut) return
    this.#line(binary ? `\\x${bytes.toString('hex')}` : bytes.toString('utf8').replace(/\n$/, ''))
  }

  #line(line: string): void {
    const size = Buffer.byteLength(line) + 1
    if (this.#bytes + size > this.#limit) {
      this.cut = true
      return
    }
    this.#bytes += size
    this.#lines.push(line)
  }
}

function cell(value: Buffer, format: number): string {
  return format === 1 ? `\\x${value.toString('hex')}` : escape(value.toString('utf8'))
}

function escape(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/[\\\t\n\r]/g, letter => ESCAPES[letter] ?? letter) : text
}
