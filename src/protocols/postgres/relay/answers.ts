import { Fault } from '../../../kernel/faults.ts'
import type { Guard } from '../../../target/protocol.ts'
import { FrameReader, type FrameMode } from '../../../wire/frame-reader.ts'
import type { Outlet } from '../../../wire/outlet.ts'
import { decodeParameterStatus, decodeReport, decodeRowDescription, rowsOfTag } from '../messages/decode.ts'
import type { Dialogue, Request, RowSink } from './dialogue.ts'
import { because } from '../inspect/because.ts'
import type { AnswerMasks } from '../mask/answer-masks.ts'
import { scrubError } from '../mask/scrub-error.ts'
import { BACKEND, LARGEST_MESSAGE, STATUS } from '../messages/messages.ts'
import { refusalError } from '../messages/native-error.ts'
import type { Statements } from './statements.ts'
import type { ResultText } from './result-text.ts'
import type { Tally } from './tally.ts'

/** Messages up to this size reach the client whole, so that there is always a border to speak at; longer ones stream. */
const HELD_WHOLE = 65_536
/** Messages that must be understood are not taken longer than this. */
const LARGEST_UNDERSTOOD = 1_048_576
const MOST_UNSETTLED = 1000
/** DEALLOCATE and DISCARD begin with it, and few other tags. */
const LETTER_D = 68

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
  /** Undefined in sessions without masks. */
  readonly masks: AnswerMasks | undefined
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
  readonly #masks: AnswerMasks | undefined
  readonly #reader = new FrameReader(route)
  /** Binds whose portals are open. */
  readonly #portals = new Map<string, Request>()
  /** Counted to the end, reported when the Sync or query they belong to is over: a commit may still fail. */
  readonly #settling: Tally[] = []
  #copyBinary = false
  /** The target said goodbye (FATAL): what closes next is its doing. */
  fatal: string | undefined

  constructor(options: AnswersOptions) {
    this.#guard = options.guard
    this.#dialogue = options.dialogue
    this.#statements = options.statements
    this.#outlet = options.outlet
    this.#masks = options.masks
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
    this.#endPortals()
    this.#settling.push(...this.#dialogue.copies.splice(0))
    for (const tally of this.#settling) tally.fail('08006', why).settle(this.#guard)
    this.#settling.length = 0
  }

  #message(): void {
    const { tag, bytes, start, end, first, length } = this.#reader
    const head = this.#dialogue.head
    if (tag === BACKEND.error) return this.#error(head)
    if (tag === BACKEND.notice || tag === BACKEND.notification) return this.#outlet.add(bytes, start, end)
    if (tag === BACKEND.parameterStatus) {
      const { name, value } = decodeParameterStatus(bytes, start + 5, end)
      checkPinned(name, value)
      return this.#outlet.add(bytes, start, end)
    }
    if (head === undefined) throw violation('an answer that nobody asked for')
    const tally = this.#tallyOf(head)
    if (tally && first) tally.bytes += length
    if (this.#answer(head, tag, tally) && !head.hidden) this.#outlet.add(bytes, start, end)
  }

  /** True when the message goes on to the client. */
  #answer(head: Request, tag: number, tally: Tally | undefined): boolean {
    switch (tag) {
      case BACKEND.dataRow:
      case BACKEND.copyData:
        if (head.rows !== undefined && this.#sunk(head.rows, tag)) return false
        if (this.#masks) return this.#masked(this.#masks, head, tally)
        if (tally && this.#reader.first) this.#row(tally, tag)
        return true
      case BACKEND.rowDescription:
        if (head.rows !== undefined && this.#described(head.rows, tag)) {
          if (head.kind === 'describe') this.#dialogue.answered()
          return false
        }
        if (tally?.result) this.#names(tally.result)
        if (this.#masks && !head.ofStatement) this.#masks.described(ownerOf(head), this.#reader)
        if (head.kind === 'describe') this.#dialogue.answered()
        return true
      case BACKEND.noData:
        if (this.#masks && !head.ofStatement) this.#masks.described(ownerOf(head))
        if (head.kind === 'describe') this.#dialogue.answered()
        return true
      case BACKEND.parameterDescription:
        return head.rows === undefined || !this.#described(head.rows, tag)
      case BACKEND.copyDone:
        return true
      case BACKEND.parseComplete:
        if (head.trial !== undefined) {
          head.readable = true
          return false
        }
        expect(head, 'parse')
        if (head.definition) this.#statements.confirmed(head.name, head.definition)
        // Nothing later undoes a Parse.
        head.tally?.settle(this.#guard)
        this.#dialogue.answered()
        return true
      case BACKEND.bindComplete:
        expect(head, 'bind')
        this.#portalDone(head.name)
        head.portal = 'open'
        this.#portals.set(head.name, head)
        this.#dialogue.answered()
        return true
      case BACKEND.closeComplete:
        if (head.trial !== undefined) return false
        expect(head, 'close')
        if (head.ofStatement) this.#statements.closed(head.name)
        else this.#portalDone(head.name)
        this.#dialogue.answered()
        return true
      case BACKEND.commandComplete:
        return this.#complete(head, tally)
      case BACKEND.emptyQuery:
      case BACKEND.portalSuspended:
        tally?.count(undefined)
        if (head.kind === 'execute') this.#executed(head, tag === BACKEND.emptyQuery)
        return true
      case BACKEND.copyInResponse:
        this.#dialogue.copyBegan()
        return true
      case BACKEND.copyOutResponse:
        this.#copyBinary = this.#reader.bytes[this.#reader.start + 5] === 1
        if (tally) tally.copyingOut = true
        if (this.#masks) this.#copyOut(this.#masks, head)
        return true
      case BACKEND.functionCallResponse:
        expect(head, 'function_call')
        if (tally && this.#reader.last) tally.rows = 1
        return true
      case BACKEND.readyForQuery:
        return this.#ready(head)
      default:
        // Authentication, replication and key data have no place in a running session.
        throw violation('a message out of place')
    }
  }

  #sunk(rows: RowSink, tag: number): boolean {
    const { bytes, start, end, first, last } = this.#reader
    return tag === BACKEND.dataRow && rows.row(bytes, first ? start + 5 : start, end, first && last)
  }

  #described(rows: RowSink, tag: number): boolean {
    const { bytes, start, end } = this.#reader
    return rows.described(tag, bytes, start + 5, end)
  }

  #copyOut(masks: AnswerMasks, head: Request): void {
    const { bytes, start, end } = this.#reader
    const columns = end - start < 8 ? 0 : bytes.readUInt16BE(start + 6)
    masks.copyOut(head.copies?.[0], columns)
    head.copies = head.copies?.slice(1)
  }

  /** What is recorded is what leaves. Answers false: it has been added, or is not to leave. */
  #masked(masks: AnswerMasks, head: Request, tally: Tally | undefined): boolean {
    const { tag, first, last } = this.#reader
    const instead = masks.take(ownerOf(head), this.#reader)
    if (instead === undefined) {
      if (tally && first) this.#row(tally, tag)
      return true
    }
    if (tally && first) this.#row(tally, tag, last ? instead : undefined)
    if (instead.length > 0) this.#outlet.add(instead)
    return false
  }

  /** `instead`: the whole message that leaves in place of the current one. */
  #row(tally: Tally, tag: number, instead?: Buffer): void {
    const { last } = this.#reader
    const { bytes, start, end } = instead ? { bytes: instead, start: 0, end: instead.length } : this.#reader
    if (tag === BACKEND.dataRow) tally.pendingRows++
    const { result } = tally
    if (result === undefined || result.cut) return
    if (!last) result.cut = true
    else if (tag === BACKEND.copyData) result.copied(bytes.subarray(start + 5, end), this.#copyBinary)
    else result.row(bytes, start + 5, end, tally.formats)
  }

  #names(result: ResultText): void {
    const { bytes, start, end } = this.#reader
    result.names(decodeRowDescription(bytes, start + 5, end).names)
  }

  #complete(head: Request, tally: Tally | undefined): boolean {
    const { bytes, start, end } = this.#reader
    if (tally) countTag(tally, bytes, start + 5, end)
    this.#masks?.over(ownerOf(head))
    this.#dialogue.copyIn = false
    if (head.copyIn) this.#dialogue.copies.shift()?.settle(this.#guard)
    if (bytes[start + 5] === LETTER_D) this.#maybeForgotten(bytes.toString('latin1', start + 5, end - 1))
    const held = head.watch?.complete(bytes.subarray(start, end)) ?? false
    if (head.kind === 'execute') this.#executed(head, true)
    return !held
  }

  #maybeForgotten(tag: string): void {
    if (tag === 'DEALLOCATE ALL' || tag === 'DISCARD ALL') this.#statements.clear()
  }

  /** `done`: the portal has given its last row. */
  #executed(head: Request, done: boolean): void {
    if (done) this.#portalDone(head.name)
    if (head.tally) this.#settling.push(head.tally)
    this.#dialogue.answered()
  }

  #ready(head: Request): boolean {
    if (head.kind !== 'query' && head.kind !== 'sync' && head.kind !== 'function_call') {
      throw violation('a ReadyForQuery before its time')
    }
    const status = this.#reader.bytes[this.#reader.start + 5] ?? 0
    this.#dialogue.status = status
    this.#dialogue.copyIn = false
    if (status === STATUS.idle && this.#portals.size > 0) {
      // Portals end with their transaction.
      this.#masks?.idle()
      this.#endPortals()
    }
    const held = head.watch?.ready() ?? false
    if (head.tally) this.#settling.push(head.tally)
    if (!held) this.#settle()
    this.#confirmPrepared(head)
    this.#dialogue.answered()
    return !held
  }

  #error(head: Request | undefined): void {
    const { bytes, start, end } = this.#reader
    const { severity, code, message, routine } = decodeReport(bytes, start + 5, end)
    if (severity === 'FATAL' || severity === 'PANIC') this.fatal = message
    const held = head?.watch?.failed() === true
    if (head?.refusal && !isSyntaxError(head, routine))
      this.#outlet.add(refusalError(head.refusal, because(head.refusal.rule, this.#guard.rules)))
    else if (!held) this.#outlet.add(...this.#told(bytes, start, end))
    if (head === undefined) return
    this.#dialogue.copyIn = false
    const said = head.refusal ? { code: '42501', message: head.refusal.what } : { code, message }
    if (head.copyIn) this.#dialogue.copies.shift()?.fail(said.code, said.message).settle(this.#guard)
    head.tally?.fail(said.code, said.message)
    if (head.kind === 'sync') {
      for (const tally of this.#settling) tally.fail(said.code, said.message)
      return
    }
    if (head.kind === 'query' || head.kind === 'function_call') return
    if (head.kind === 'execute') {
      this.#portals.get(head.name)?.tally?.fail(said.code, said.message)
      this.#portalDone(head.name)
    }
    for (const gone of this.#dialogue.discard()) {
      gone.portal = 'gone'
      if (gone.kind === 'parse' && gone.definition) this.#statements.failed(gone.name, gone.definition)
      if (gone.tally) {
        this.#settling.push(gone.tally.fail('00000', 'not run: an earlier message of the pipeline failed'))
      }
    }
  }

  #told(bytes: Buffer, start: number, end: number): [Buffer, number?, number?] {
    const scrubbed = this.#masks && scrubError(bytes.subarray(start, end))
    return scrubbed ? [scrubbed] : [bytes, start, end]
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
    const bind = this.#portals.get(name)
    if (bind === undefined) return
    this.#portals.delete(name)
    bind.portal = 'gone'
    if (bind.tally) this.#settling.push(bind.tally)
    // A client that never sends Sync does not make us remember for ever.
    if (this.#settling.length > MOST_UNSETTLED) this.#settle()
  }

  #endPortals(): void {
    for (const bind of this.#portals.values()) {
      bind.portal = 'gone'
      if (bind.tally) this.#settling.push(bind.tally)
    }
    this.#portals.clear()
  }

  #settle(): void {
    for (const tally of this.#settling) tally.settle(this.#guard)
    this.#settling.length = 0
  }

  /** Whose counters an answer belongs to: an Execute counts for the Bind that made its portal. */
  #tallyOf(head: Request): Tally | undefined {
    if (head.kind === 'execute') return this.#portals.get(head.name)?.tally ?? head.tally
    if (head.kind === 'describe')
      return head.ofStatement || head.hidden ? undefined : this.#portals.get(head.name)?.tally
    return head.tally
  }
}

const LETTERS = { C: 67, D: 68, I: 73, M: 77, S: 83, U: 85 } as const

/**
 * Counts what a CommandComplete says. INSERT, UPDATE, DELETE, MERGE and COPY FROM count what they changed; so do CREATE TABLE AS
 * and SELECT INTO, which say `SELECT n` although no row was sent.
 */
function countTag(tally: Tally, bytes: Buffer, start: number, end: number): void {
  const rows = rowsOfTag(bytes, start, end)
  tally.count(rows, rows !== undefined && changesRows(tally, bytes, start, rows))
  tally.copyingOut = false
}

function changesRows(tally: Tally, bytes: Buffer, start: number, rows: number): boolean {
  switch (bytes[start]) {
    case LETTERS.S:
      return rows > tally.pendingRows
    case LETTERS.C:
      return !tally.copyingOut
    case LETTERS.M:
      // MERGE, not MOVE.
      return bytes[start + 1] === 69
    default:
      return bytes[start] === LETTERS.I || bytes[start] === LETTERS.U || bytes[start] === LETTERS.D
  }
}

/** Rows of an Execute belong to its portal, all others to the simple query that runs. */
function ownerOf(head: Request): string | undefined {
  return head.kind === 'query' ? undefined : head.name
}

/** The target's parser did not get through the trial's text. What the handling of the Parse itself objects to is not the text. */
function isSyntaxError({ trial, readable }: Request, routine: string): boolean {
  return trial !== undefined && !readable && routine !== 'exec_parse_message'
}

function expect(head: Request, kind: Request['kind']): void {
  if (head.kind !== kind) throw violation('an answer out of order')
}
