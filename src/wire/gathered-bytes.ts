/** Bytes that are added piece by piece, in one buffer that doubles: many small pieces cost what their bytes cost. */
export class GatheredBytes {
  #buffer: Buffer
  #length: number

  /** Copies. */
  constructor(first: Uint8Array) {
    this.#buffer = Buffer.from(first)
    this.#length = first.length
  }

  add(piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, this.#buffer.length * 2))
      this.#buffer.copy(grown, 0, 0, this.#length)
      this.#buffer = grown
    }
    this.#buffer.set(piece, this.#length)
    this.#length = length
  }

  /** A view of all so far. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
}
