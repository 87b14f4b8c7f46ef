/** Builds one message after the other, big-endian. Grows by doubling. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(256)
  #at = 0

  get length(): number {
    return this.#at
  }

  uint8(value: number): this {
    const at = this.#room(1)
    this.#bytes.writeUInt8(value, at)
    return this
  }

  int16(value: number): this {
    const at = this.#room(2)
    this.#bytes.writeInt16BE(value, at)
    return this
  }

  int32(value: number): this {
    const at = this.#room(4)
    this.#bytes.writeInt32BE(value, at)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
    return this
  }

  /** UTF-8 and a NUL. A NUL inside would end the string early for the reader: such text is refused. */
  cstring(value: string): this {
    if (value.includes('\0')) throw new TypeError('NUL inside a string')
    const length = Buffer.byteLength(value)
    const at = this.#room(length + 1)
    this.#bytes.write(value, at, 'utf8')
    this.#bytes[at + length] = 0
    return this
  }

  /** Overwrites four bytes at `at`, for lengths that are known last. */
  patchInt32(at: number, value: number): this {
    this.#bytes.writeInt32BE(value, at)
    return this
  }

  /** Starts anew, whatever an earlier message left behind when it could not be finished. */
  clear(): this {
    this.#at = 0
    return this
  }

  /** A copy of what was written. */
  take(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at))
  }

  #room(length: number): number {
    const at = this.#at
    if (at + length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, at + length))
      this.#bytes.copy(grown, 0, 0, at)
      this.#bytes = grown
    }
    this.#at = at + length
    return at
  }
}
