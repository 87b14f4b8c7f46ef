import { Fault } from '../../../kernel/faults.ts'
import type { Guard } from '../../../target/protocol.ts'
import { FrameReader, type FrameMode } from '../../../wire/frame-reader.ts'
import type { Outlet } from '../../../wire/outlet.ts'
import { CopyAsks } from './ask-copy.ts'
import { ExtendedAsks } from './ask-extended.ts'
import { SimpleAsks } from './ask-simple.ts'
import { Request, type Dialogue } from './dialogue.ts'
import { Forwarder } from './forwarder.ts'
import { Rehearsals } from '../rehearse/rehearsals.ts'
import type { Inspector } from '../inspect/inspector.ts'
import { FRONTEND, LARGEST_MESSAGE } from '../messages/messages.ts'
import { LARGEST_JUDGED, TOO_LARGE } from '../inspect/objections.ts'
import type { Statements } from './statements.ts'

/** A CopyData up to this size is passed on whole. */
const HELD_WHOLE = 65_536
/** What a server takes for messages that carry a name or less (PQ_SMALL_MESSAGE_LIMIT). */
const LARGEST_SMALL = 10_001

/** Messages whose text or values are judged, as the record calls them. */
const JUDGED: ReadonlyMap<number, 'query' | 'parse' | 'bind' | 'function_call'> = new Map([
  [FRONTEND.query, 'query'],
  [FRONTEND.parse, 'parse'],
  [FRONTEND.bind, 'bind'],
  [FRONTEND.functionCall, 'function_call'],
])
const KNOWN: ReadonlySet<number> = new Set(Object.values(FRONTEND))

function route(tag: number, length: number): FrameMode {
  if (!KNOWN.has(tag) || tag === FRONTEND.password || length > LARGEST_MESSAGE) {
    throw violation('an unknown message')
  }
  if (tag === FRONTEND.copyData) return length > HELD_WHOLE ? 'pieces' : 'whole'
  if (JUDGED.has(tag)) return length > LARGEST_JUDGED ? 'pieces' : 'whole'
  if (length > LARGEST_SMALL) throw violation('a message of impossible length')
  return 'whole'
}

function violation(what: string): Fault {
  return new Fault('protocol.violation', `the client sent ${what}`)
}

export interface AsksOptions {
  readonly guard: Guard
  readonly inspector: Inspector
  readonly dialogue: Dialogue
  readonly statements: Statements
  /** Towards the target. */
  readonly outlet: Outlet
  /** Towards the client, for answers that wait on a limit. */
  readonly toClient: Outlet
  /** Cancels what runs at the target, for rehearsed writes that nobody decides. */
  readonly cancel: () => void
}

/**
 * The direction client → target. Each message is judged, recorded and then forwarded, in the order in which it came. What
 * needs no waiting runs without a promise; what came in one chunk is recorded together, waited for once and forwarded in
 * one write.
 */
export class Asks {
  readonly #reader = new FrameReader(route)
  readonly #forwarder: Forwarder
  readonly #simple: SimpleAsks
  readonly #extended: ExtendedAsks
  readonly #copy: CopyAsks
  /** Only where the procedure has writes rehearsed. */
  readonly #rehearsals: Rehearsals | undefined
  /** A write under a limit is running: nothing but COPY data passes until it is answered. */
  #holding = false
  #terminated = false

  constructor(options: AsksOptions) {
    const { inspector, toClient, cancel, guard } = options
    const forwarder = new Forwarder({ ...options, reader: this.#reader })
    this.#forwarder = forwarder
    const { rehearse: rules } = guard.rules
    this.#rehearsals = rules && new Rehearsals({ forwarder, inspector, toClient, rules, cancel })
    this.#simple = new SimpleAsks(this.#forwarder, inspector, toClient, this.#rehearsals)
    this.#extended = new ExtendedAsks(this.#forwarder, inspector, toClient, this.#rehearsals)
    this.#copy = new CopyAsks(this.#forwarder)
  }

  /** The client said Terminate. */
  get terminated(): boolean {
    return this.#terminated
  }

  /**
   * Takes a chunk. Undefined: all of it is with the outlet. A promise: nothing else may be given until it resolves. Throws or
   * rejects with Fault `protocol.violation`. `early`: it came while the chunk before waited.
   */
  take(chunk: Buffer, early = false): Promise<void> | undefined {
    if (this.#rehearsals !== undefined && !early && this.#reader.atBorder) this.#rehearsals.heard()
    this.#reader.feed(chunk)
    return this.#run()
  }

  /** The session is over: what was held is not kept. */
  abandon(): void {
    this.#rehearsals?.abandon()
  }

  #run(): Promise<void> | undefined {
    while (!this.#terminated && !this.#forwarder.ended && this.#reader.next()) {
      const pause = this.#holding && !isCopy(this.#reader.tag) ? this.#afterHold() : this.#message()
      if (pause) return pause.then(() => this.#run())
    }
    return this.#forwarder.order.release()
  }

  /** Waits until the limited write is answered. */
  async #afterHold(): Promise<void> {
    await this.#forwarder.quiet()
    await this.#rehearsals?.copied()
    this.#holding = false
    await this.#message()
  }

  #message(): Promise<void> | undefined {
    const { tag, first, last } = this.#reader
    const { dialogue, order, refused } = this.#forwarder
    if (isCopy(tag)) return this.#copy.take()
    if (tag === FRONTEND.sync) return this.#sync()
    if (tag === FRONTEND.terminate) {
      this.#terminated = true
      return undefined
    }
    if (refused || (dialogue.skipping && order.empty)) return undefined
    // In pieces because it is longer than what is judged.
    if (!first || !last) return this.#refuseLong()
    switch (tag) {
      case FRONTEND.query:
        return this.#simple.query()?.then(limited => {
          this.#holding ||= limited
        })
      case FRONTEND.parse:
        return this.#extended.parse()
      case FRONTEND.bind:
        return this.#extended.bind()
      case FRONTEND.execute:
        return this.#execute()
      case FRONTEND.functionCall:
        return this.#simple.functionCall()
      case FRONTEND.describe:
      case FRONTEND.close:
        return this.#extended.named(tag)
      default:
        this.#forwarder.pass()
        return undefined
    }
  }

  #execute(): Promise<void> | undefined {
    const going = this.#extended.execute()
    if (going instanceof Promise) return going
    this.#holding ||= going
    return undefined
  }

  #sync(): undefined {
    this.#rehearsals?.synced()
    const forwarder = this.#forwarder
    const { dialogue, order } = forwarder
    forwarder.refused = false
    forwarder.statements.nextSegment()
    const view = order.empty ? undefined : forwarder.view()
    order.behind(() => {
      dialogue.skipping = false
      forwarder.send(dialogue.sync(), view)
    })
  }

  /** Recorded and refused when its last piece has gone by; nothing of it is kept or forwarded. */
  #refuseLong(): undefined {
    const { tag, last, length } = this.#reader
    if (!last) return
    const kind = JUDGED.get(tag) ?? 'query'
    const said = {
      kind,
      verbs: [],
      writes: true,
      detail: { bytes: length },
      objections: [TOO_LARGE],
    }
    this.#forwarder.act(new Request(kind === 'parse' ? 'bind' : kind), said)
  }
}

function isCopy(tag: number): boolean {
  return tag === FRONTEND.copyData || tag === FRONTEND.copyDone || tag === FRONTEND.copyFail
}
