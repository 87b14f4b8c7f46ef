import { createHash, type Hash } from 'node:crypto'
import { GatheredBytes } from '../gathered-bytes.ts'
import { DigestThread } from './digest-thread.ts'

/** What is no longer than this is not worth another thread's attention. */
const SMALL = 128 * 1024

/** One for all of the process, from when a digest is first wanted; it is begun anew if it breaks. */
let thread: DigestThread | undefined

/** Starts what makes digests of much; without, the first of them are made where they are asked for. */
export function prepareDigests(): void {
  if (thread === undefined || thread.broken) thread = new DigestThread()
}

const dropped = new FinalizationRegistry(({ from, id }: Place) => from.drop(id))

interface Place {
  readonly from: DigestThread
  readonly id: number
}

/**
 * SHA-256 of bytes that pass, which can be told at any time. What is short is kept and digested when it is asked for; what is long is made
 * by another thread, or by this one while that one has not started.
 */
export class RunningDigest {
  #length = 0
  #kept: GatheredBytes | undefined
  #place: Place | undefined
  #hash: Hash | undefined

  /** Bytes so far. */
  get length(): number {
    return this.#length
  }

  /** Copies what it keeps. Fault `internal`: there is no digest of this any more. */
  update(bytes: Uint8Array): void {
    this.#length += bytes.length
    if (!this.#place && !this.#hash && this.#length > SMALL) this.#grow()
    if (this.#place) this.#place.from.update(this.#place.id, bytes)
    else if (this.#hash) this.#hash.update(bytes)
    else if (this.#kept) this.#kept.add(bytes)
    else this.#kept = new GatheredBytes(bytes)
  }

  /** SHA-256 (hex) of all so far; more may be added. Faults as `update`. */
  told(): string {
    if (this.#place) return this.#place.from.tell(this.#place.id).toString('hex')
    const hash = this.#hash?.copy() ?? createHash('sha256').update(this.#kept?.bytes ?? '')
    return hash.digest('hex')
  }

  #grow(): void {
    prepareDigests()
    const begun = this.#kept?.bytes ?? Buffer.alloc(0)
    this.#kept = undefined
    if (thread?.ready) {
      this.#place = { from: thread, id: thread.begin() }
      dropped.register(this, this.#place)
      thread.update(this.#place.id, begun)
    } else this.#hash = createHash('sha256').update(begun)
  }
}
