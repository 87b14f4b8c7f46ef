import type { Objection } from '../../../target/action.ts'
import type { CopyMask } from '../mask/judge-outline.ts'
import { STATUS } from '../messages/messages.ts'
import type { Definition } from './statements.ts'
import type { Tally } from './tally.ts'

export type RequestKind =
  | 'query'
  | 'function_call'
  | 'parse'
  | 'bind'
  | 'describe'
  | 'execute'
  | 'close'
  | 'sync'
  /** Never asked: it carries the record of a COPY's data. */
  | 'copy_done'

/** One message the target will answer, from the moment it is forwarded until its last answer. */
export class Request {
  readonly kind: RequestKind
  /** Statement or portal (`nameKey`); empty where the kind has none. */
  readonly name: string
  /** What came of its action; undefined for messages that are no action of their own. Set when it is permitted. */
  tally: Tally | undefined
  /** Result formats a Bind asks for. */
  formats: readonly number[] = []
  /** This request stands in for a refused one and will fail: its error is told in these words. */
  refusal: Objection | undefined
  /**
   * The refused text, when only our grammar objects to it. It goes to the target's parser and no further, so a syntax error
   * comes in the target's own words; should the target be able to read it, it is refused in ours.
   */
  trial: string | undefined
  /** The target could read the trial's text. */
  readable = false
  /** Ours: the client never hears of it. */
  hidden = false
  /** May start or take part in COPY FROM STDIN. */
  copyIn = false
  /** CopyDone or CopyFail was sent before the COPY began: the client did not wait for CopyInResponse. */
  copyEnded = false
  /** A Sync sent before the end of a COPY that had not begun: among COPY data the target ignores it. */
  beforeCopyEnd = false
  /** A query of several statements: what comes of each is told. */
  several = false
  /** Describe and Close of a statement, not of a portal. */
  ofStatement = false
  /** What a Parse or an SQL PREPARE defines. */
  definition: Definition | undefined
  /** The name an SQL PREPARE in this query gives, and whether other statements stand beside it. */
  prepares: { readonly name: string; readonly alone: boolean } | undefined
  /** In sessions with masks: for each COPY TO STDOUT that this may run and has not begun yet. */
  copies: readonly CopyMask[] | undefined
  /** Of a Bind: whether its portal is there, as far as the target has said. */
  portal: 'asked' | 'open' | 'gone' = 'asked'
  /** Told of each answer before anybody else; true means the answer was dealt with (the write limit, rehearsals). */
  watch: Watch | undefined
  /** Takes the rows of this request. */
  rows: RowSink | undefined

  constructor(kind: RequestKind, name = '') {
    this.kind = kind
    this.name = name
  }
}

export interface Watch {
  /** CommandComplete, whole. True holds it back. */
  complete(whole: Buffer): boolean
  /** ErrorResponse. True holds it back. */
  failed(): boolean | undefined
  /** ReadyForQuery of this query. True holds it back. */
  ready(): boolean
}

/** Bodies of messages, `bytes[start, end)`. True keeps the message from the client. */
export interface RowSink {
  /** ParameterDescription, RowDescription. */
  described(tag: number, bytes: Buffer, start: number, end: number): boolean
  /** DataRow. `whole`: not a piece of one that streams. */
  row(bytes: Buffer, start: number, end: number, whole: boolean): boolean
}

/**
 * What the target still owes, in the order in which it will answer, and what follows from its answers for what may be
 * sent (PostgreSQL documentation, "Message Flow"). Holds no socket: the same for both directions of one session.
 */
export class Dialogue {
  /** Transaction status of the last ReadyForQuery. */
  status: number = STATUS.idle
  /** The target takes CopyData. */
  copyIn = false
  /** After an error in the extended protocol the target discards everything up to the next Sync. */
  skipping = false
  /** Of CopyDones that were forwarded: the target's word on their COPY will be theirs. */
  readonly copies: Tally[] = []
  #queue: Request[] = []
  #head = 0
  /** Something in the queue may be a COPY FROM STDIN. */
  #copies = false
  #changed: (() => void) | undefined

  get head(): Request | undefined {
    return this.#queue[this.#head]
  }

  get quiet(): boolean {
    return this.#head === this.#queue.length
  }

  /** Extended messages wait for a Sync that has not been sent. */
  get unsynced(): boolean {
    const last = this.#queue.at(-1)
    return this.skipping || (last !== undefined && !this.quiet && !closesItself(last.kind))
  }

  /** Whether a CopyData sent now can be meant for a COPY. */
  get copyExpected(): boolean {
    if (this.copyIn) return true
    for (let i = this.#head; i < this.#queue.length; i++) if (this.#queue[i]?.copyIn) return true
    return false
  }

  ask(request: Request): void {
    this.#queue.push(request)
    if (request.copyIn) this.#copies = true
  }

  /** The head is answered. */
  answered(): Request | undefined {
    const done = this.#queue[this.#head]
    if (done === undefined) return undefined
    this.#head++
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0
      this.#head = 0
      this.#copies = false
    } else if (this.#head > 256) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return done
  }

  /** An error in the extended protocol: what stands before the next Sync is discarded; hands these out. */
  discard(): readonly Request[] {
    const gone: Request[] = []
    while (!this.quiet && this.head?.kind !== 'sync') {
      const one = this.answered()
      if (one) gone.push(one)
    }
    this.skipping = this.quiet
    return gone
  }

  /** A Sync to be sent now; undefined when the target will ignore it, as it stands among COPY data. */
  sync(): Request | undefined {
    if (this.copyIn) return undefined
    const sync = new Request('sync')
    sync.beforeCopyEnd = this.#comingCopy() !== undefined
    return sync
  }

  /** COPY FROM STDIN began: Syncs sent behind its Execute and before the end of its data are ignored by the target. */
  copyBegan(): void {
    const { head } = this
    this.copyIn = head?.copyEnded !== true
    if (head?.kind !== 'execute') return
    const from = this.#head + 1
    let to = from
    while (this.#queue[to]?.beforeCopyEnd === true) to++
    if (to === this.#queue.length || head.copyEnded) this.#queue.splice(from, to - from)
  }

  /** CopyDone or CopyFail is sent. */
  copyEnds(): void {
    const coming = this.copyIn ? undefined : this.#comingCopy()
    if (coming) coming.copyEnded = true
    this.copyIn = false
  }

  /** A COPY that has not begun and whose data have not ended. */
  #comingCopy(): Request | undefined {
    for (let i = this.#head; this.#copies && i < this.#queue.length; i++) {
      const request = this.#queue[i]
      if (request?.copyIn === true && !request.copyEnded) return request
    }
    return undefined
  }

  /** Everything still owed, for the end of the session. */
  abandon(): readonly Request[] {
    const owed = this.#queue.slice(this.#head)
    this.#queue = []
    this.#head = 0
    return owed
  }

  /** Resolves at the next `notify`; one waiter at a time, the client side. */
  changed(): Promise<void> {
    return new Promise(resolve => {
      this.#changed = resolve
    })
  }

  notify(): void {
    const waiter = this.#changed
    if (waiter === undefined) return
    this.#changed = undefined
    waiter()
  }
}

/** These end with a ReadyForQuery of their own. */
function closesItself(kind: RequestKind): boolean {
  return kind === 'query' || kind === 'function_call' || kind === 'sync'
}
