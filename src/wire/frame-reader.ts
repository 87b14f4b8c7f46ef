import { Fault } from '../kernel/faults.ts'

/** How one frame is handed on: in one piece when complete, or in pieces as they arrive. */
export type FrameMode = 'whole' | 'pieces'

/**
 * Decides from the header alone. `length` counts the whole frame, tag and length field included. Throws Fault
 * `protocol.violation` for what may not come at all.
 */
export type FrameRoute = (tag: number, length: number) => FrameMode

const HEADER = 5

/**
 * Cuts a byte stream into frames of one tag byte and a big-endian int32 length that counts itself but not the tag.
 *
 * Pull-style so that the consumer can stop between two frames: `feed` a chunk, then `next` until it answers false;
 * after true the fields describe the frame, `bytes[start, end)`. They stay valid until the next call. A frame that lies
 * whole in a chunk is a view of it; only a frame that crosses chunks is copied. Held bytes never exceed one frame
 * that the route answered `whole` for, and grow with what arrives, not with what a header promises.
 */
export class FrameReader {
  tag = 0
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  /** For `pieces`: whether this is the first and the last one. A whole frame is both. */
  first = true
  last = true
  /** Length of the current frame, header included. */
  length = 0

  readonly #route: FrameRoute
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  #held: Buffer = Buffer.alloc(0)
  #heldLength = 0
  /** Bytes of a frame in pieces that are still to come. */
  #owed = 0

  constructor(route: FrameRoute) {
    this.#route = route
  }

  /** True when no frame has been begun: the place where something may be inserted. */
  get atBorder(): boolean {
    return this.#owed === 0 && this.#heldLength === 0 && this.#at >= this.#chunk.length
  }

  /** True while a frame is being handed on in pieces. */
  get insidePieces(): boolean {
    return this.#owed > 0
  }

  /** Takes the next chunk; the one before must have been read to its end. */
  feed(chunk: Buffer): void {
    if (this.#at < this.#chunk.length) throw new Error('fed before the last chunk was read')
    this.#chunk = chunk
    this.#at = 0
  }

  next(): boolean {
    if (this.#at >= this.#chunk.length) return false
    if (this.#owed > 0) return this.#piece(false)
    if (this.#heldLength > 0) return this.#complete()

    const available = this.#chunk.length - this.#at
    if (available < HEADER) return this.#hold(available)
    const mode = this.#header(this.#chunk, this.#at)
    if (available >= this.length) {
      this.#emit(this.#chunk, this.#at, this.#at + this.length, true, true)
      this.#at = this.end
      return true
    }
    if (mode === 'whole') return this.#hold(available)
    this.#owed = this.length
    return this.#piece(true)
  }

  #header(bytes: Buffer, at: number): FrameMode {
    this.tag = bytes[at] ?? 0
    const counted = bytes.readInt32BE(at + 1)
    if (counted < 4) throw new Fault('protocol.violation', 'a message with an impossible length')
    this.length = counted + 1
    return this.#route(this.tag, this.length)
  }

  #piece(first: boolean): true {
    const size = Math.min(this.#owed, this.#chunk.length - this.#at)
    this.#owed -= size
    this.#emit(this.#chunk, this.#at, this.#at + size, first, this.#owed === 0)
    this.#at = this.end
    return true
  }

  #hold(size: number): false {
    const needed = this.#heldLength + size
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(this.#held.length * 2, this.length), 1024))
      this.#held.copy(grown, 0, 0, this.#heldLength)
      this.#held = grown
    }
    this.#chunk.copy(this.#held, this.#heldLength, this.#at, this.#at + size)
    this.#heldLength = needed
    this.#at += size
    return false
  }

  /** Finishes a frame whose beginning is held. */
  #complete(): boolean {
    if (this.#heldLength < HEADER) {
      this.#hold(Math.min(HEADER - this.#heldLength, this.#chunk.length - this.#at))
      if (this.#heldLength < HEADER) return false
    }
    if (this.#heldLength === HEADER && this.#header(this.#held, 0) === 'pieces' && this.length > HEADER) {
      const header = this.#letGo()
      this.#owed = this.length - HEADER
      this.#emit(header, 0, HEADER, true, false)
      return true
    }
    this.#hold(Math.min(this.length - this.#heldLength, this.#chunk.length - this.#at))
    if (this.#heldLength < this.length) return false
    this.#emit(this.#letGo(), 0, this.length, true, true)
    return true
  }

  /** The held bytes go to the consumer, who may keep them: the reader starts with a fresh buffer. */
  #letGo(): Buffer {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    this.#heldLength = 0
    return held
  }

  #emit(bytes: Buffer, start: number, end: number, first: boolean, last: boolean): void {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.first = first
    this.last = last
  }
}
