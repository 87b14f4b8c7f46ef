import { Fault } from '../kernel/faults.ts'
import type { JsonObject, JsonValue } from '../kernel/json.ts'
import type { Draft, Log, Pending, SealKey } from '../ledger/log.ts'
import type { Receipt } from '../ledger/receipt.ts'
import { Batch, type Item, type TakenBatch } from './batch.ts'
import type { SessionIndex } from './session-index.ts'
import { splitPayload } from './split-payload.ts'
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
}

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

  /** An entry of its own, at once. Texts too long for one entry go before it in entries of type `part`, in the same frame. */
  append(type: string, data: JsonObject, payload?: JsonValue, outcome?: string): Pending {
    if (this.#closed)
      throw new Fault('session.ended', 'This session has ended; nothing more is recorded in it.')
    const { log, index } = this.#options
    const split = payload === undefined ? undefined : splitPayload(payload)
    const parts = (split?.parts ?? []).map(({ field, part, of, text }) =>
      this.#draft('part', { field, part, of }, { text }),
    )
    const before = this.take()
    const drafts = before ? [before.draft, ...parts] : parts
    const pending = log.append([...drafts, this.#draft(type, data, split?.payload, outcome)])
    if (before) {
      index.noteBatch(this.session, pending.first, before.taken.counts)
      this.#options.together.follow(pending, this)
    }
    const last = pending.first + drafts.length
    for (let at = pending.first + (before ? 1 : 0); at < last; at++) index.note(this.session, at)
    index.note(this.session, last, { type, data, outcome })
    return pending
  }

  /** Something nobody waits for: durable within 50 ms, in company. */
  note(item: Item): void {
    if (this.#closed) return
    if (this.#fits(item)) this.#options.together.soon(this)
    else this.#options.together.follow(this.#alone(item), this)
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
    const { log, index, grant, together } = this.#options
    together.flush(this)
    this.#closed = true
    const closing = { session: this.session, grant, ...data }
    const pending = log.append([this.#draft('session.closed', closing, undefined, data.reason as string)], {
      reserve: true,
    })
    await pending.durable()
    for (const entry of pending.entries) index.add(entry)
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
