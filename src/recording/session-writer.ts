import { Fault } from '../kernel/faults.ts'
import type { JsonObject, JsonValue } from '../kernel/json.ts'
import type { Draft, Entry, Log, Pending, SealKey } from '../ledger/log.ts'
import type { Receipt } from '../ledger/receipt.ts'
import { Batch, type Item, type TakenBatch } from './batch.ts'
import type { Noted, SessionIndex } from './session-index.ts'
import { PART, splitPayload } from './split-payload.ts'
import type { Speaker, WriteTogether } from './write-together.ts'

export interface SessionWriterOptions {
  readonly session: string
  readonly grant: string
  readonly person: string
  readonly target: string
  readonly opened: Receipt
  readonly seal: SealKey
  readonly log: Log
  readonly index: SessionIndex
  readonly together: WriteTogether
  /** Told of the last entry once it is durable. */
  readonly ended: (last: Entry) => void
}

/** Characters of the parts that share an append: well within a frame, whatever they are in UTF-8 and JSON. */
const TOGETHER = 8 * PART

/** Appends entries of one session; the log keeps their order and chain. */
export class SessionWriter implements Speaker {
  readonly session: string
  readonly opened: Receipt
  readonly #options: SessionWriterOptions
  readonly #batch = new Batch()
  #onLost: ((error: unknown) => void) | undefined
  /** After its last entry a session has nothing more to say. */
  #closed = false

  constructor(options: SessionWriterOptions) {
    this.session = options.session
    this.opened = options.opened
    this.#options = options
  }

  /** Told when what was noted could not be written. */
  onLost(listener: (error: unknown) => void): void {
    this.#onLost = listener
  }

  lost(error: unknown): void {
    this.#onLost?.(error)
  }

  /**
   * An entry of its own, at once. Texts too long for one entry go before it in entries of type `part`, as many to an append as a
   * frame surely holds; the last append holds the entry, and when that is durable so are they.
   */
  append(type: string, data: JsonObject, payload?: JsonValue, outcome?: string): Pending {
    if (this.#closed)
      throw new Fault('session.ended', 'This session has ended; nothing more is recorded in it.')
    const split = payload === undefined ? undefined : splitPayload(payload)
    let drafts: Draft[] = []
    let characters = 0
    for (const { field, part, of, text } of split?.parts ?? []) {
      if (characters + text.length > TOGETHER) {
        this.#place(drafts)
        ;[drafts, characters] = [[], 0]
      }
      drafts.push(this.#draft('part', { field, part, of }, { text }))
      characters += text.length
    }
    return this.#place([...drafts, this.#draft(type, data, split?.payload, outcome)], { type, data, outcome })
  }

  /** Something nobody waits for: durable within 50 ms, in company. */
  note(item: Item): void {
    if (this.#closed) return
    if (this.#fits(item)) this.#options.together.soon(this)
    else this.#alone(item)
  }

  /** Something that is waited for: with what was noted before it, and with what other sessions say in this turn. */
  record(item: Item): Promise<unknown> {
    if (this.#fits(item)) return this.#options.together.now(this)
    return this.#alone(item).durable()
  }

  take(): { readonly draft: Draft; readonly taken: TakenBatch } | undefined {
    const taken = this.#batch.take()
    return taken && { draft: this.#draft('batch', taken.data, taken.payload), taken }
  }

  /** The last entry; from the reserve when the disk is full. Completeness: the session's chain ends here. */
  async close(data: JsonObject): Promise<void> {
    const { log, grant, together, ended } = this.#options
    together.flush(this)
    this.#closed = true
    const closing = { session: this.session, grant, ...data }
    const pending = log.append([this.#draft('session.closed', closing, undefined, data.reason as string)], {
      reserve: true,
    })
    await pending.durable()
    for (const entry of pending.entries) ended(entry)
  }

  /** Appends, behind what was said before. `noted`: what the last draft counts for. */
  #place(drafts: readonly Draft[], noted?: Noted): Pending {
    const { log, index, together } = this.#options
    const before = this.take()
    const pending = log.append(before ? [before.draft, ...drafts] : drafts)
    together.follow(pending, this, () => {
      let at = pending.first
      if (before) index.noteBatch(this.session, at++, before.taken.counts)
      const last = at + drafts.length - 1
      for (; at < last; at++) index.note(this.session, at)
      index.note(this.session, last, noted)
    })
    return pending
  }

  #fits(item: Item): boolean {
    if (this.#batch.add(item)) return true
    this.#options.together.flush(this)
    return this.#batch.add(item)
  }

  #alone({ type, t, data, payload, outcome }: Item): Pending {
    return this.append(type, { ...data, t }, payload, outcome)
  }

  #draft(type: string, data: Draft['data'], payload?: Draft['payload'], outcome?: string): Draft {
    const { person, target, seal } = this.#options
    return {
      type,
      src: this.session,
      subject: person,
      target,
      data,
      ...(payload !== undefined && { payload, seal }),
      ...(outcome !== undefined && { outcome }),
    }
  }
}
