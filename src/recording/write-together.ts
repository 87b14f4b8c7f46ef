import type { Draft, Log, Pending } from '../ledger/log.ts'
import type { TakenBatch } from './batch.ts'
import type { KeptIndex } from './kept-index.ts'
import type { SessionIndex } from './session-index.ts'

/** How long what nobody waits for waits for company; durable within 50 ms is the promise (DESIGN §4). */
const COMPANY_MS = 35
/** How long something may stay undurable before its sessions stop. */
const BEHIND_MS = 1_000
/** Entries of one append share a frame, which has to fit a segment. */
const MOST_BYTES = 512 * 1024

/** A session that has something to say. */
export interface Speaker {
  readonly session: string
  /** What was noted, as one entry; undefined when there was nothing. Whoever takes it appends it before anything else. */
  take(): { readonly draft: Draft; readonly taken: TakenBatch } | undefined
  /** Told when what it said could not be written. */
  lost(error: unknown): void
}

/**
 * Lets the sessions of a node write together: what they say within one turn of the event loop becomes one entry per session and
 * one append for all. Owned by the session log; never throws, sessions whose entries are lost are told so.
 */
export class WriteTogether {
  readonly #log: Log
  readonly #index: SessionIndex
  readonly #kept: KeptIndex
  readonly #noted = new Set<Speaker>()
  #waiting = new Set<Speaker>()
  /** What writers that wait had to append before the turn was over. */
  readonly #ahead = new Map<Speaker, Promise<unknown>>()
  #turn: Promise<unknown> | undefined
  #timer: NodeJS.Timeout | undefined
  /** When appends that are not yet durable were made, oldest first. */
  readonly #undurable = new Set<number>()

  constructor(log: Log, index: SessionIndex, kept: KeptIndex) {
    this.#log = log
    this.#index = index
    this.#kept = kept
  }

  /** The writer has something that is to be durable within 50 ms. */
  soon(writer: Speaker): void {
    if (this.#waiting.has(writer)) return
    this.#noted.add(writer)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const writers = [...this.#noted]
      this.#noted.clear()
      this.#write(writers).catch(ignore)
    }, COMPANY_MS)
  }

  /** Resolves when all that the writer has said is durable; rejects with the log's Fault. */
  now(writer: Speaker): Promise<unknown> {
    this.#waiting.add(writer)
    this.#noted.delete(writer)
    // After this turn of the event loop, so that all whose input had arrived share the frame.
    this.#turn ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        const writers = this.#waiting
        this.#waiting = new Set()
        this.#turn = undefined
        this.#write(writers).then(resolve, reject)
      })
    })
    return this.#turn
  }

  /** At once and alone. */
  flush(writer: Speaker): void {
    this.#noted.delete(writer)
    const own = writer.take()
    if (own) this.#append([own.draft], [{ writer, taken: own.taken }]).catch(ignore)
  }

  /** An append in which the writer took what it had said before. `durable` is called when it is, before anybody else hears of it. */
  follow(pending: Pending, writer: Speaker, durable: () => void): void {
    this.#watch(pending, [writer], durable).catch(ignore)
  }

  #write(writers: Iterable<Speaker>): Promise<unknown> {
    const done: Promise<unknown>[] = []
    let drafts: Draft[] = []
    let owners: Owner[] = []
    let bytes = 0
    for (const writer of writers) {
      const ahead = this.#ahead.get(writer)
      if (ahead !== undefined) {
        this.#ahead.delete(writer)
        done.push(ahead)
      }
      const own = writer.take()
      if (own === undefined) continue
      if (bytes + own.taken.bytes > MOST_BYTES && drafts.length > 0) {
        done.push(this.#append(drafts, owners))
        ;[drafts, owners, bytes] = [[], [], 0]
      }
      drafts.push(own.draft)
      owners.push({ writer, taken: own.taken })
      bytes += own.taken.bytes
    }
    if (drafts.length > 0) done.push(this.#append(drafts, owners))
    return done.length === 1 ? (done[0] as Promise<unknown>) : Promise.all(done)
  }

  #append(drafts: readonly Draft[], owners: readonly Owner[]): Promise<unknown> {
    const writers = owners.map(({ writer }) => writer)
    try {
      const pending = this.#log.append(drafts, { gathered: true })
      return this.#watch(pending, writers, () => {
        for (const [at, { writer, taken }] of owners.entries())
          this.#index.noteBatch(writer.session, pending.first + at, taken.counts)
      })
    } catch (error) {
      for (const writer of writers) writer.lost(error)
      return Promise.reject(error)
    }
  }

  /** The oldest of what is not yet durable tells how far behind the disk is; nothing is held without bound. */
  #watch(pending: Pending, writers: readonly Speaker[], durable: () => void): Promise<unknown> {
    const at = performance.now()
    const [oldest] = this.#undurable
    if (oldest !== undefined && at - oldest > BEHIND_MS) {
      for (const writer of writers) writer.lost(new Error('the evidence fell behind'))
    }
    this.#undurable.add(at)
    const written = pending.durable().then(
      () => {
        this.#undurable.delete(at)
        durable()
        this.#kept.touch()
      },
      (error: unknown) => {
        this.#undurable.delete(at)
        for (const writer of writers) writer.lost(error)
        throw error
      },
    )
    for (const writer of writers) {
      if (!this.#waiting.has(writer)) continue
      const before = this.#ahead.get(writer)
      this.#ahead.set(writer, before === undefined ? written : Promise.all([before, written]))
      written.catch(ignore)
    }
    return written
  }
}

interface Owner {
  readonly writer: Speaker
  readonly taken: TakenBatch
}

/** Their sessions have been told. */
function ignore(): void {}
