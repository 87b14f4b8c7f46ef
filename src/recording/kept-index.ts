import type { Log } from '../ledger/log.ts'
import type { KeptSession, SessionIndex } from './session-index.ts'

/** Entries one part stands for: what a start after a crash may have to read again. */
const ENTRIES = 32 * 1024

/** What entries `from` up to, not including, `to` add to the index before them. */
interface Part {
  readonly from: number
  readonly to: number
  /** Sessions that ended in them. */
  readonly closed: readonly KeptSession[]
  /** Sessions that go on behind them. */
  readonly open: readonly KeptSession[]
}

/**
 * Keeps the index of the session log beside it, in parts of which only the last is ever written again, so that a start reads the
 * parts and the few entries behind them. A part that is missing or was written by anybody else ends what is believed: the log
 * is read from there on, and the parts behind are written anew.
 */
export class KeptIndex {
  readonly #log: Log
  readonly #index: SessionIndex
  /** Entries of a full part. */
  readonly #entries: number
  #number = 0
  #from = 0
  /** Entries that are in a part. */
  #kept = 0
  /** Sessions that ended since `from`. */
  #closed: string[] = []
  #due = false
  #writing: Promise<void> | undefined

  constructor(log: Log, index: SessionIndex, entries = ENTRIES) {
    this.#log = log
    this.#index = index
    this.#entries = entries
  }

  /** Fills the index with what was kept; resolves with the entries it stands for. */
  async load(): Promise<number> {
    const sessions = new Map<string, KeptSession>()
    for (let goesOn = true; goesOn; ) {
      const text = await this.#log.kept(nameOf(this.#number))
      const part = text === undefined ? undefined : (JSON.parse(text) as Part)
      if (part === undefined || part.from !== this.#kept || part.to > this.#log.length) break
      for (const session of [...part.closed, ...part.open]) sessions.set(session.opening.id, session)
      this.#kept = part.to
      goesOn = part.to - part.from >= this.#entries
      if (goesOn) this.#next()
      else this.#closed = part.closed.map(({ opening }) => opening.id)
    }
    this.#index.import(
      [...sessions.values()].sort((a, b) => a.first - b.first),
      this.#kept,
    )
    return this.#kept
  }

  /** The index was told of something, `ended` of the end of a session. Synchronous and cheap. */
  touch(ended?: string): void {
    if (ended !== undefined) this.#closed.push(ended)
    if (this.#due || this.#index.until - this.#kept < this.#entries) return
    this.#due = true
    // In a turn of its own, when the index stands for a whole number of entries. What cannot be written now is written later.
    setImmediate(() => {
      this.#due = false
      this.write().catch(() => undefined)
    })
  }

  /** Resolves when what the index stands for is durable. Rejects with the disk's error. */
  async write(): Promise<void> {
    await this.#writing?.catch(() => undefined)
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined
    })
    await this.#writing
  }

  async #write(): Promise<void> {
    const { until, openIds } = this.#index
    if (until === this.#kept) return
    const closed = this.#closed
    const part: Part = {
      from: this.#from,
      to: until,
      closed: this.#index.export(closed),
      open: this.#index.export(openIds),
    }
    const count = closed.length
    await this.#log.keep(nameOf(this.#number), JSON.stringify(part))
    this.#kept = until
    if (until - this.#from < this.#entries) return
    this.#closed = closed.slice(count)
    this.#next()
  }

  #next(): void {
    this.#number += 1
    this.#from = this.#kept
  }
}

function nameOf(number: number): string {
  return `sessions-${String(number).padStart(8, '0')}`
}
