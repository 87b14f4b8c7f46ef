/**
 * A ring of frames in memory that two threads share: one writes, one reads, neither locks. A frame is a kind, a number and bytes, which
 * lie in one piece. Positions count bytes since the beginning, modulo 2³²; the size divides that, so they never need to start again.
 */
export interface RingMemory {
  /** Positions, each written by one side: see WRITTEN and READ. */
  readonly control: SharedArrayBuffer
  readonly frames: SharedArrayBuffer
}

/** A number between 1 and 255 that both sides know; 0 is the ring's own. */
export type FrameKind = number

export interface Frame {
  readonly kind: FrameKind
  readonly id: number
  /** A view, valid until the next frame is taken. */
  readonly bytes: Uint8Array
}

const WRITTEN = 0
const READ = 1
const CONTROL_BYTES = 8
const HEADER = 16
/** The rest of the ring is unused, as the next frame did not fit in it. */
const SKIP = 0

/** `bytes`: a power of two. `from`: where positions begin, a multiple of 16. */
export function ringMemory(bytes: number, from = 0): RingMemory {
  if (bytes < 4 * HEADER || (bytes & (bytes - 1)) !== 0)
    throw new RangeError('the size of a ring is a power of two')
  const control = new SharedArrayBuffer(CONTROL_BYTES)
  new Int32Array(control).fill(from)
  return { control, frames: new SharedArrayBuffer(bytes) }
}

const sized = (length: number): number => (HEADER + length + 15) & ~15

/** The side that writes. Owned by one thread. */
export class RingWriter {
  readonly #control: Int32Array
  readonly #bytes: Uint8Array
  readonly #words: Uint32Array
  readonly #size: number
  #written: number
  /** Bytes that every frame can have. */
  readonly most: number

  constructor({ control, frames }: RingMemory) {
    this.#control = new Int32Array(control)
    this.#bytes = new Uint8Array(frames)
    this.#words = new Uint32Array(frames)
    this.#size = frames.byteLength
    this.#written = Atomics.load(this.#control, WRITTEN) >>> 0
    this.most = this.#size / 4 - HEADER
  }

  /** Copies `bytes`, at most `most` of them. Waits for room at most `patience` ms; false: there was none. */
  write(kind: FrameKind, id: number, bytes: Uint8Array, patience: number): boolean {
    const need = sized(bytes.length)
    const left = this.#size - (this.#written % this.#size)
    if (left < need) {
      if (!this.#room(left, patience)) return false
      this.#head(SKIP, 0, 0)
      this.#advance(left)
    }
    if (!this.#room(need, patience)) return false
    this.#bytes.set(bytes, (this.#written % this.#size) + HEADER)
    this.#head(kind, id, bytes.length)
    this.#advance(need)
    return true
  }

  #head(kind: FrameKind, id: number, length: number): void {
    const at = (this.#written % this.#size) / 4
    this.#words[at] = kind
    this.#words[at + 1] = id
    this.#words[at + 2] = length
  }

  #advance(by: number): void {
    this.#written = (this.#written + by) >>> 0
    Atomics.store(this.#control, WRITTEN, this.#written | 0)
    Atomics.notify(this.#control, WRITTEN)
  }

  #room(need: number, patience: number): boolean {
    for (;;) {
      const read = Atomics.load(this.#control, READ)
      if (this.#size - ((this.#written - read) >>> 0) >= need) return true
      if (Atomics.wait(this.#control, READ, read, patience) === 'timed-out') return false
    }
  }
}

/** The side that reads. Owned by one thread. */
export class RingReader {
  readonly #control: Int32Array
  readonly #bytes: Uint8Array
  readonly #words: Uint32Array
  readonly #size: number
  #read: number

  constructor({ control, frames }: RingMemory) {
    this.#control = new Int32Array(control)
    this.#bytes = new Uint8Array(frames)
    this.#words = new Uint32Array(frames)
    this.#size = frames.byteLength
    this.#read = Atomics.load(this.#control, READ) >>> 0
  }

  /** Waits at most `patience` ms for a frame and hands it to `take`, after which its memory is the writer's again. False: none came. */
  take(take: (frame: Frame) => void, patience = Infinity): boolean {
    for (;;) {
      const written = Atomics.load(this.#control, WRITTEN)
      if (written >>> 0 === this.#read) {
        if (Atomics.wait(this.#control, WRITTEN, written, patience) === 'timed-out') return false
        continue
      }
      const at = this.#read % this.#size
      const [kind = SKIP, id = 0, length = 0] = this.#words.subarray(at / 4, at / 4 + 3)
      if (kind === SKIP) {
        this.#advance(this.#size - at)
        continue
      }
      take({ kind, id, bytes: this.#bytes.subarray(at + HEADER, at + HEADER + length) })
      this.#advance(sized(length))
      return true
    }
  }

  #advance(by: number): void {
    this.#read = (this.#read + by) >>> 0
    Atomics.store(this.#control, READ, this.#read | 0)
    Atomics.notify(this.#control, READ)
  }
}
