import { Fault } from '../kernel/faults.ts'

/** Reads fields of one message, big-endian. Reading past the end is Fault `protocol.violation`, never a wrong value. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  /** Reads `bytes[start, end)`; keeps a reference, copies nothing. */
  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Buffer {
    const from = this.#take(length)
    return this.#bytes.subarray(from, from + length)
  }

  /** Where the next field begins, for `since`. */
  get position(): number {
    return this.#at
  }

  /** A view of what was read from `position` on. */
  since(position: number): Buffer {
    return this.#bytes.subarray(position, this.#at)
  }

  skip(length: number): void {
    this.#take(length)
  }

  /** The text up to the next NUL, which is consumed. */
  cstring(): string {
    const from = this.#at
    return this.#bytes.toString('utf8', from, this.#nul())
  }

  /** The same, one character per byte. */
  clatin1(): string {
    const from = this.#at
    const nul = this.#nul()
    return from === nul ? '' : this.#bytes.toString('latin1', from, nul)
  }

  /** Refuses what is left over: a message that says more than its fields was not understood. */
  end(): void {
    if (this.remaining > 0) throw new Fault('protocol.violation', 'a message longer than its fields')
  }

  /** Passes the next NUL and says where it is. */
  #nul(): number {
    // Names are short and mostly empty: looking first costs less than a call out of JavaScript.
    const nul = this.#bytes[this.#at] === 0 ? this.#at : this.#bytes.indexOf(0, this.#at)
    if (nul < 0 || nul >= this.#end) {
      throw new Fault('protocol.violation', 'a string without end in a message')
    }
    this.#at = nul + 1
    return nul
  }

  #take(length: number): number {
    const from = this.#at
    if (length < 0 || from + length > this.#end) {
      throw new Fault('protocol.violation', 'a message shorter than its fields')
    }
    this.#at = from + length
    return from
  }
}
