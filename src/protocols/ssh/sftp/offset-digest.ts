import { RunningDigest } from '../../../wire/digest/running-digest.ts'

/** Data that came early and wait for what is before them: at most so many bytes, in at most so many pieces. */
const EARLY_BYTES = 1 << 20
const EARLY_PIECES = 256

/** What went through a handle in one direction. */
export interface Portions {
  readonly bytes: number
  /** Offset of the first byte, of what is one stretch. */
  readonly from?: number
  /** SHA-256 (hex) of that stretch; absent when nothing went, or when it was no single stretch. */
  readonly sha256?: string
  /** The target put them behind what it had, whatever their offsets said. */
  readonly appended?: true
}

/**
 * SHA-256 of data that are read or written by offset. Pieces that come a little early are put in order; what overlaps, leaves a gap
 * or comes too early is scattered access, which has no digest. For files that are appended to, order is that of arrival.
 */
export class OffsetDigest {
  readonly #byArrival: boolean
  #digest: RunningDigest | undefined
  #bytes = 0
  #from: number | undefined
  #next = 0
  #scattered = false
  #early = new Map<number, Buffer>()
  #earlyBytes = 0

  constructor(byArrival = false) {
    this.#byArrival = byArrival
  }

  /** Data will come from here: the first stretch begins at the first offset asked for, whichever answer is first. */
  begin(offset: number): void {
    if (this.#from !== undefined) return
    this.#from = offset
    this.#next = offset
  }

  /** A view: what must wait is copied. */
  add(offset: number, data: Buffer): void {
    this.begin(offset)
    this.#bytes += data.length
    if (this.#scattered || data.length === 0) return
    if (this.#byArrival) this.#take(data)
    else if (!Number.isSafeInteger(offset + data.length)) this.scatter()
    else if (offset === this.#next) this.#take(data)
    else this.#keep(offset, data)
  }

  /** Data went that are not seen here. */
  scatter(): void {
    this.#scattered = true
    this.#early.clear()
    this.#digest = undefined
  }

  /** So far; more may be added. */
  told(): Portions {
    if (this.#bytes === 0) return { bytes: 0 }
    if (this.#scattered || this.#early.size > 0 || this.#digest === undefined) return { bytes: this.#bytes }
    const sha256 = this.#digest.told()
    return {
      bytes: this.#bytes,
      sha256,
      ...(this.#byArrival ? { appended: true } : { from: this.#from ?? 0 }),
    }
  }

  #take(data: Buffer): void {
    this.#digest ??= new RunningDigest()
    this.#digest.update(data)
    this.#next += data.length
    for (let early: Buffer | undefined; (early = this.#early.get(this.#next)); ) {
      this.#early.delete(this.#next)
      this.#earlyBytes -= early.length
      this.#digest.update(early)
      this.#next += early.length
    }
  }

  #keep(offset: number, data: Buffer): void {
    this.#earlyBytes += data.length
    const fits = this.#earlyBytes <= EARLY_BYTES && this.#early.size < EARLY_PIECES
    const ahead = offset > this.#next && !this.#early.has(offset)
    if (fits && ahead) this.#early.set(offset, Buffer.from(data))
    else this.scatter()
  }
}
