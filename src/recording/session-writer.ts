import type { JsonObject, JsonValue } from '../kernel/json.ts'
import type { Draft, Log, Pending, SealKey } from '../ledger/log.ts'
import type { Receipt } from '../ledger/receipt.ts'
import { Batch, type Item } from './batch.ts'
import type { SessionIndex } from './session-index.ts'
import { splitPayload } from './split-payload.ts'

/** How long what nobody waits for may stay undurable before the session stops. */
const BEHIND_MS = 1_000

export interface SessionWriterOptions {
  readonly session: string
  readonly grant: string
  readonly person: string
  readonly target: string
  readonly opened: Receipt
  readonly seal: SealKey
  readonly log: Log
  readonly index: SessionIndex
  /** Asks for a flush soon; one timer serves all sessions, so that their batches share a frame. */
  readonly flushSoon: (writer: SessionWriter) => void
}

/** Appends entries of one session; the log keeps their order and chain. */
export class SessionWriter {
  readonly session: string
  readonly opened: Receipt
  readonly #options: SessionWriterOptions
  readonly #batch = new Batch()
  #onLost: ((error: unknown) => void) | undefined
  #undurableSince: number | undefined
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

  /** An entry of its own, at once. Texts too long for one entry go before it in entries of type `part`, in the same frame. */
  append(type: string, data: JsonObject, payload?: JsonValue, outcome?: string): Pending {
    const { log, index } = this.#options
    const split = payload === undefined ? undefined : splitPayload(payload)
    const parts = (split?.parts ?? []).map(({ field, part, of, text }) =>
      this.#draft('part', { field, part, of }, { text }),
    )
    const pending = log.append([...parts, this.#draft(type, data, split?.payload, outcome)])
    const last = pending.first + parts.length
    for (let position = pending.first; position < last; position++) index.note(this.session, position)
    index.note(this.session, last, { type, data, outcome })
    return pending
  }

  /** Something nobody waits for: durable within 50 ms, in company. */
  note(item: Item): void {
    if (this.#closed) return
    if (this.#batch.empty) this.#options.flushSoon(this)
    if (this.#batch.add(item)) return
    this.flush()
    if (this.#batch.add(item)) {
      this.#options.flushSoon(this)
      return
    }
    this.#follow(this.append(item.type, { ...item.data, t: item.t }, item.payload, item.outcome))
  }

  /** Writes what was noted; undefined when there was nothing. */
  flush(): Pending | undefined {
    const batch = this.#batch.take()
    if (!batch) return undefined
    try {
      const pending = this.append('batch', batch.data, batch.payload)
      this.#follow(pending)
      return pending
    } catch (error) {
      this.#onLost?.(error)
      return undefined
    }
  }

  /** The last entry; from the reserve when the disk is full. Completeness: the session's chain ends here. */
  async close(data: JsonObject): Promise<void> {
    const { log, index, grant } = this.#options
    this.flush()
    this.#closed = true
    const closing = { session: this.session, grant, ...data }
    const pending = log.append([this.#draft('session.closed', closing, undefined, data.reason as string)], {
      reserve: true,
    })
    await pending.durable()
    for (const entry of pending.entries) index.add(entry)
  }

  /** The oldest of what is not yet durable tells how far behind the disk is; nothing is held without bound. */
  #follow(pending: Pending): void {
    const now = performance.now()
    const first = this.#undurableSince === undefined
    if (first) this.#undurableSince = now
    else if (now - (this.#undurableSince ?? now) > BEHIND_MS)
      this.#onLost?.(new Error('the evidence fell behind'))
    pending.durable().then(
      () => {
        if (first) this.#undurableSince = undefined
      },
      (error: unknown) => this.#onLost?.(error),
    )
  }

  #draft(type: string, data: JsonObject, payload?: JsonValue, outcome?: string): Draft {
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
