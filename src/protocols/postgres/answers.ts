import { Fault } from '../../kernel/faults.ts'
import type { Guard } from '../../target/protocol.ts'
import { FrameReader, type FrameMode } from '../../wire/frame-reader.ts'
import type { Outlet } from '../../wire/outlet.ts'
import { decodeParameterStatus, decodeReport, decodeRowDescription, rowsOfTag } from './decode.ts'
import type { Dialogue, Request } from './dialogue.ts'
import { BACKEND, LARGEST_MESSAGE, STATUS } from './messages.ts'
import { refusalError } from './native-error.ts'
import type { Statements } from './statements.ts'
import type { Tally } from './tally.ts'

/** Messages up to this size reach the client whole, so that there is always a border to speak at; longer ones stream. */
const HELD_WHOLE = 65_536
/** Messages that must be understood are not taken longer than this. */
const LARGEST_UNDERSTOOD = 1_048_576
const MOST_UNSETTLED = 1000

/** These may be as long as the data are; of the others the longest is an error that quotes a statement. */
const STREAMS: ReadonlySet<number> = new Set([
  BACKEND.dataRow,
  BACKEND.copyData,
  BACKEND.functionCallResponse,
  BACKEND.notification,
])

const KNOWN: ReadonlySet<number> = new Set(Object.values(BACKEND))

function route(tag: number, length: number): FrameMode {
  if (!KNOWN.has(tag) || length > LARGEST_MESSAGE) throw violation('an unknown message')
  if (length <= HELD_WHOLE) return 'whole'
  if (STREAMS.has(tag)) return 'pieces'
  if (length > LARGEST_UNDERSTOOD) throw violation('a message of impossible length')
  return 'whole'
}

function violation(what: string): Fault {
  return new Fault('protocol.violation', `the target sent ${what}`)
}

export interface AnswersOptions {
  readonly guard: Guard
  readonly dialogue: Dialogue
  readonly statements: Statements
  readonly outlet: Outlet
}

/** Parameters that decide how a statement is read; a target that says otherwise than these ends the session (DESIGN §4). */
const PINNED: Readonly<Record<string, string>> = {
  standard_conforming_strings: 'on',
  client_encoding: 'UTF8',
}

/** Throws Fault `protocol.violation` when a reported parameter is not what statements were judged under. */
export function checkPinned(name: string, value: string): void {
  const wanted = PINNED[name]
  if (wanted === undefined || wanted === value) return
  throw violation(`${name} = ${value}, but statements are judged under ${name} = ${wanted}`)
}

/** The direction target → client: counts, records and passes on what the target answers, in its order. */
export class Answers {
  readonly #guard: Guard
  readonly #dialogue: Dialogue
  readonly #statements: Statements
  readonly #outlet: Outlet
  readonly #reader = new FrameReader(route)
  readonly #portals = new Map<string, Tally>()
  /** Counted to the end, reported when the Sync or query they belong to is over: a commit may still fail. */
  #settling: Tally[] = []
  #copyBinary = false
  /** The target said goodbye (FATAL): what closes next is its doing. */
  fatal: string | undefined

  constructor(options: AnswersOptions) {
    this.#guard = options.guard
    this.#dialogue = options.dialogue
    this.#statements = options.statements
    this.#outlet = options.outlet
  }

  /** False while the client is in the middle of a message that streams. */
  get atBorder(): boolean {
    return !this.#reader.insidePieces
  }

  /** Takes a chunk; false when the client is slow. Throws Fault `protocol.violation`. */
  take(chunk: Buffer): boolean {
    this.#reader.feed(chunk)
    while (this.#reader.next()) this.#message()
    const ready = this.#outlet.flush()
    this.#dialogue.notify()
    return ready
  }

  /** Reports everything that will not be answered any more. */
  abandon(why: string): void {
    for (const request of this.#dialogue.abandon()) request.tally?.fail('08006', why).settle(this.#guard)
    for (const tally of [...this.#settling, ...this.#portals.values()])
      tally.fail('08006', why).settle(this.#guard)
    this.#settling = []
    this.#portals.clear()
  }

  #message(): void {
    const { tag, bytes, start, end, first, last, length } = this.#reader
    const head = this.#dialogue.head
    const view = bytes.subarray(start, end)
    if (tag === BACKEND.dataRow || tag === BACKEND.copyData) {
      if (head === undefined) throw violation('rows that nobody asked for')
      if (first) this.#row(head, tag, bytes, start, end, last, length)
      if (!head.hidden) this.#outlet.add(view)
      return
    }
    if (tag === BACKEND.notice || tag === BACKEND.notification) {
      this.#outlet.add(view)
      return
    }
    if (tag === BACKEND.parameterStatus) {
      const { name, value } = decodeParameterStatus(bytes, start + 5, end)
      checkPinned(name, value)
      this.#outlet.add(view)
      return
    }
    if (tag === BACKEND.error) return this.#error(head, view)
    if (head === undefined) throw violation('an answer that nobody asked for')
    const tally = this.#tallyOf(head)
    if (tally && first) tally.bytes += length
    if (this.#answer(head, tag, view, last) && !head.hidden) this.#outlet.add(view)
  }

  /** True when the message goes on to the client. */
  #answer(head: Request, tag: number, view: Buffer, last: boolean): boolean {
    switch (tag) {
      case BACKEND.rowDescription:
        this.#described(head, view)
        if (head.kind === 'describe') this.#done()
        return true
      case BACKEND.noData:
        if (head.kind === 'describe') this.#done()
        return true
      case BACKEND.parameterDescription:
        return true
      case BACKEND.parseComplete:
        return this.#expect(head, 'parse', () => {
          this.#parsed(head)
        })
      case BACKEND.bindComplete:
        return this.#expect(head, 'bind', () => {
          this.#bound(head)
        })
      case BACKEND.closeComplete:
        return this.#expect(head, 'close', () => {
          if (head.ofStatement) this.#statements.closed(head.name)
          else this.#portalDone(head.name)
        })
      case BACKEND.commandComplete:
        return this.#complete(head, view)
      case BACKEND.emptyQuery:
      case BACKEND.portalSuspended:
        if (head.kind === 'execute') {
          this.#tallyOf(head)?.count(undefined)
          if (tag === BACKEND.emptyQuery) this.#portalDone(head.name)
          if (head.tally) this.#settling.push(head.tally)
          this.#done()
        }
        return true
      case BACKEND.copyInResponse:
        this.#dialogue.copyBegan()
        return true
      case BACKEND.copyOutResponse:
        this.#copyBinary = view[5] === 1
        return true
      case BACKEND.copyDone:
        return true
      case BACKEND.functionCallResponse:
        if (head.kind !== 'function_call') throw violation('the result of a function nobody called')
        if (last && head.tally) head.tally.rows = 1
        return true
      case BACKEND.readyForQuery:
        return this.#ready(head, view)
      default:
        // Authentication, replication and key data have no place in a running session.
        throw violation('a message out of place')
    }
  }

  #row(
    head: Request,
    tag: number,
    bytes: Buffer,
    start: number,
    end: number,
    last: boolean,
    length: number,
  ): void {
    const tally = this.#tallyOf(head)
    if (tally === undefined) return
    tally.bytes += length
    if (tag === BACKEND.dataRow) tally.pendingRows++
    const { result } = tally
    if (result === undefined || result.cut) return
    if (!last) result.cut = true
    else if (tag === BACKEND.copyData) result.copied(bytes.subarray(start + 5, end), this.#copyBinary)
    else result.row(bytes, start + 5, end, tally.formats)
  }

  #described(head: Request, view: Buffer): void {
    const tally = this.#tallyOf(head)
    if (tally?.result === undefined) return
    const { names } = decodeRowDescription(view, 5, view.length)
    tally.result.names(names)
  }

  #complete(head: Request, view: Buffer): boolean {
    const tag = view.toString('latin1', 5, view.length - 1)
    const tally = this.#tallyOf(head)
    tally?.count(rowsOfTag(tag))
    this.#dialogue.copyIn = false
    if (tag === 'DEALLOCATE ALL' || tag === 'DISCARD ALL') this.#statements.clear()
    const held = head.watch?.complete(tag, view) ?? false
    if (head.kind === 'execute') {
      this.#portalDone(head.name)
      if (head.tally) this.#settling.push(head.tally)
      this.#done()
    }
    return !held
  }

  #ready(head: Request, view: Buffer): boolean {
    if (head.kind !== 'query' && head.kind !== 'sync' && head.kind !== 'function_call') {
      throw violation('a ReadyForQuery before its time')
    }
    const status = view[5] ?? 0
    this.#dialogue.status = status
    this.#dialogue.copyIn = false
    if (status === STATUS.idle) {
      // Portals end with their transaction.
      this.#settling.push(...this.#portals.values())
      this.#portals.clear()
    }
    const held = head.watch?.ready(status) ?? false
    if (head.tally) this.#settling.push(head.tally)
    if (!held) this.#settle()
    this.#confirmPrepared(head)
    this.#done()
    return !held
  }

  #error(head: Request | undefined, view: Buffer): void {
    const { severity, code, message } = decodeReport(view, 5, view.length)
    if (severity === 'FATAL' || severity === 'PANIC') this.fatal = message
    this.#outlet.add(head?.refusal ? refusalError(head.refusal) : view)
    if (head === undefined) return
    this.#dialogue.copyIn = false
    const said = head.refusal ? { code: '42501', message: head.refusal.what } : { code, message }
    head.watch?.failed()
    head.tally?.fail(said.code, said.message)
    if (head.kind === 'sync') {
      for (const tally of this.#settling) tally.fail(said.code, said.message)
      return
    }
    if (head.kind === 'query' || head.kind === 'function_call') return
    if (head.kind === 'execute') {
      this.#portals.get(head.name)?.fail(said.code, said.message)
      this.#portalDone(head.name)
    }
    for (const gone of this.#dialogue.discard()) {
      if (gone.kind === 'parse' && gone.definition) this.#statements.failed(gone.name, gone.definition)
      if (gone.tally)
        this.#settling.push(gone.tally.fail('00000', 'not run: an earlier message of the pipeline failed'))
    }
  }

  #parsed(head: Request): void {
    if (head.definition) this.#statements.confirmed(head.name, head.definition)
    // Nothing later undoes a Parse.
    head.tally?.settle(this.#guard)
  }

  #bound(head: Request): void {
    this.#portalDone(head.name)
    if (head.tally) this.#portals.set(head.name, head.tally)
  }

  /** A query that was PREPARE has made a name; one that failed has not, unless other statements stand beside it. */
  #confirmPrepared(head: Request): void {
    const { definition, prepares } = head
    if (prepares === undefined || definition === undefined) return
    if (head.tally?.error === undefined) this.#statements.confirmed(prepares.name, definition)
    else if (prepares.alone) this.#statements.failed(prepares.name, definition)
    else this.#statements.doubtful(prepares.name, definition)
  }

  #portalDone(name: string): void {
    const tally = this.#portals.get(name)
    if (tally === undefined) return
    this.#portals.delete(name)
    this.#settling.push(tally)
    // A client that never sends Sync does not make us remember for ever.
    if (this.#settling.length > MOST_UNSETTLED) this.#settle()
  }

  #settle(): void {
    for (const tally of this.#settling) tally.settle(this.#guard)
    this.#settling = []
  }

  /** Whose counters an answer belongs to: an Execute counts for the Bind that made its portal. */
  #tallyOf(head: Request): Tally | undefined {
    if (head.kind === 'execute') return this.#portals.get(head.name) ?? head.tally
    if (head.kind === 'describe') return head.ofStatement ? undefined : this.#portals.get(head.name)
    return head.tally
  }

  #expect(head: Request, kind: Request['kind'], then: () => void): true {
    if (head.kind !== kind) throw violation('an answer out of order')
    then()
    this.#done()
    return true
  }

  #done(): void {
    this.#dialogue.answered()
  }
}
