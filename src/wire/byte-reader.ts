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

  /** The bytes up to the next NUL, which is consumed. */
  cbytes(): Buffer {
    const nul = this.#bytes.indexOf(0, this.#at)
    if (nul < 0 || nul >= this.#end)
      throw new Fault('protocol.violation', 'a string without end in a message')
    const from = this.#at
    this.#at = nul + 1
    return this.#bytes.subarray(from, nul)
  }

  /** `cbytes` as UTF-8. */
  cstring(): string {
    return this.cbytes().toString('utf8')
  }

  /** Refuses what is left over: a message that says more than its fields was not understood. */
  end(): void {
    if (this.remaining > 0) throw new Fault('protocol.violation', 'a message longer than its fields')
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
