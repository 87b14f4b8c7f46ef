const REPLACEMENT = 0xfffd

/**
 * Code points of UTF-8 that arrives in any pieces. What is no UTF-8 becomes U+FFFD, one for each byte that cannot go on, as
 * terminals show it.
 */
export class Utf8Points {
  #missing = 0
  #code = 0
  #least = 0

  /** Within a character. */
  get unfinished(): boolean {
    return this.#missing > 0
  }

  next(byte: number, point: (code: number) => void): void {
    if (this.#missing > 0 && (byte & 0xc0) === 0x80) {
      this.#code = (this.#code << 6) | (byte & 0x3f)
      this.#missing--
      if (this.#missing > 0) return
      const surrogate = this.#code >= 0xd800 && this.#code <= 0xdfff
      point(this.#code < this.#least || surrogate || this.#code > 0x10ffff ? REPLACEMENT : this.#code)
      return
    }
    if (this.#missing > 0) {
      this.#missing = 0
      point(REPLACEMENT)
    }
    if (byte < 0x80) point(byte)
    else if (byte >= 0xc2 && byte <= 0xdf) this.#begin(1, byte & 0x1f, 0x80)
    else if (byte >= 0xe0 && byte <= 0xef) this.#begin(2, byte & 0x0f, 0x800)
    else if (byte >= 0xf0 && byte <= 0xf4) this.#begin(3, byte & 0x07, 0x10000)
    else point(REPLACEMENT)
  }

  #begin(missing: number, code: number, least: number): void {
    this.#missing = missing
    this.#code = code
    this.#least = least
  }
}
