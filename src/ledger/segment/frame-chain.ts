import { type Frame, logIdOf, NO_FRAME } from './frame.ts'

/** What the next frame of a log must say. */
export class FrameChain {
  readonly logId: Buffer
  #next = 0
  #previous = NO_FRAME
  #epoch = 0

  /** `at`: the frame to go on behind; the beginning of the log when absent. */
  constructor(
    origin: string,
    at?: { readonly next: number; readonly previous: Buffer; readonly epoch: number },
  ) {
    this.logId = logIdOf(origin)
    if (at === undefined) return
    this.#next = at.next
    this.#previous = at.previous
    this.#epoch = at.epoch
  }

  /** Index the next entry gets. */
  get next(): number {
    return this.#next
  }

  get previous(): Buffer {
    return this.#previous
  }

  get epoch(): number {
    return this.#epoch
  }

  /** What is wrong with `frame` as the next one; undefined when it continues the chain. */
  fault(frame: Frame): string | undefined {
    if (!frame.logId.equals(this.logId)) return 'a frame of another log'
    if (frame.first !== this.#next) return `a frame that begins at ${frame.first} where ${this.#next} follows`
    if (!frame.previous.equals(this.#previous)) return 'a frame that does not follow the one before it'
    if (frame.epoch < this.#epoch) return 'a frame of an earlier opening of the log'
    return undefined
  }

  /** Goes on behind `count` entries whose frame could not be read. */
  skip(count: number): void {
    this.#next += count
  }

  /** Goes on behind `frame`, whether or not it followed. */
  pass(frame: Frame): void {
    this.#next = frame.first + frame.count
    this.#previous = Buffer.from(frame.hash)
    this.#epoch = frame.epoch
  }
}
