import type { Duplex } from 'node:stream'

/**
 * Collects what goes to one side and writes it at once. Neighbouring views of one chunk become one write again, so a chunk
 * that passes unchanged costs one call. Owned by one direction of a relay.
 */
export class Outlet {
  readonly #stream: Duplex
  readonly #parts: Buffer[] = []
  #last: Buffer | undefined

  constructor(stream: Duplex) {
    this.#stream = stream
  }

  add(part: Buffer): void {
    const last = this.#last
    if (
      last !== undefined &&
      last.buffer === part.buffer &&
      last.byteOffset + last.length === part.byteOffset
    ) {
      this.#last = Buffer.from(last.buffer, last.byteOffset, last.length + part.length)
      return
    }
    if (last !== undefined) this.#parts.push(last)
    this.#last = part
  }

  /** Writes all that was added. False: the other side is slow; stop reading until its stream drains. */
  flush(): boolean {
    const last = this.#last
    if (last === undefined) return !this.#stream.writableNeedDrain
    this.#last = undefined
    if (this.#stream.destroyed || this.#stream.writableEnded) {
      this.#parts.length = 0
      return true
    }
    if (this.#parts.length === 0) return this.#stream.write(last)
    this.#stream.cork()
    for (const part of this.#parts) this.#stream.write(part)
    this.#parts.length = 0
    const ready = this.#stream.write(last)
    this.#stream.uncork()
    return ready
  }
}
