import type { Duplex } from 'node:stream'

/**
 * Collects what goes to one side and writes it at once. Neighbouring parts of one chunk become one write again, so a chunk
 * that passes unchanged costs one call and no copy. Owned by one direction of a relay.
 */
export class Outlet {
  readonly #stream: Duplex
  readonly #parts: Buffer[] = []
  #bytes: Buffer | undefined
  #start = 0
  #end = 0

  constructor(stream: Duplex) {
    this.#stream = stream
  }

  /** `bytes[start, end)`; kept by reference until the next flush. */
  add(bytes: Buffer, start = 0, end = bytes.length): void {
    if (bytes === this.#bytes && start === this.#end) {
      this.#end = end
      return
    }
    this.#close()
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  /** Writes all that was added. False: the other side is slow; stop reading until its stream drains. */
  flush(): boolean {
    const stream = this.#stream
    if (this.#bytes === undefined) return !stream.writableNeedDrain
    this.#close()
    const parts = this.#parts.splice(0)
    const [only] = parts
    if (stream.destroyed || stream.writableEnded) return true
    if (parts.length === 1) return stream.write(only)
    stream.cork()
    let ready = true
    for (const part of parts) ready = stream.write(part)
    stream.uncork()
    return ready
  }

  #close(): void {
    const bytes = this.#bytes
    if (bytes === undefined) return
    const whole = this.#start === 0 && this.#end === bytes.length
    this.#parts.push(whole ? bytes : bytes.subarray(this.#start, this.#end))
    this.#bytes = undefined
  }
}
