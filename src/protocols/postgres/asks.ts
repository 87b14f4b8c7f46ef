import { Fault } from '../../kernel/faults.ts'
import type { Action, Objection, Permit } from '../../target/action.ts'
import type { Guard } from '../../target/protocol.ts'
import { FrameReader, type FrameMode } from '../../wire/frame-reader.ts'
import type { Outlet } from '../../wire/outlet.ts'
import { bindValues } from './bind-values.ts'
import { CopyDigest } from './copy-digest.ts'
import {
  decodeBind,
  decodeExecute,
  decodeFunctionOid,
  decodeNamed,
  decodeParse,
  decodeQuery,
  nameKey,
} from './decode.ts'
import { Request, type Dialogue } from './dialogue.ts'
import { copyFail, execute, flush, parse, query } from './encode.ts'
import { functionCallAction } from './function-call.ts'
import { InOrder } from './in-order.ts'
import type { Inspection, Inspector } from './inspector.ts'
import { FRONTEND, LARGEST_MESSAGE, STATUS } from './messages.ts'
import {
  LARGEST_JUDGED,
  MOST_NAMES,
  NOT_RECORDED,
  NOT_UTF8,
  TOO_LARGE,
  TOO_MANY_NAMES,
  UNKNOWN_STATEMENT,
} from './objections.ts'
import { united, type Definition, type Statements } from './statements.ts'
import { Tally } from './tally.ts'
import {
  FAILING_TEXT,
  hiddenQuery,
  isLimited,
  LimitedExecute,
  LimitedQuery,
  NOT_ALONE,
  NOT_SYNCED,
} from './write-limit.ts'

/** A CopyData up to this size is passed on whole. */
const HELD_WHOLE = 65_536
/** What a server takes for messages that carry a name or less (PQ_SMALL_MESSAGE_LIMIT). */
const LARGEST_SMALL = 10_001

const JUDGED: ReadonlySet<number> = new Set([
  FRONTEND.query,
  FRONTEND.parse,
  FRONTEND.bind,
  FRONTEND.functionCall,
])
const KNOWN: ReadonlySet<number> = new Set(Object.values(FRONTEND))

function route(tag: number, length: number): FrameMode {
  if (!KNOWN.has(tag) || tag === FRONTEND.password || length > LARGEST_MESSAGE)
    throw violation('an unknown message')
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
}

/**
 * The direction client → target. Each message is judged, recorded and then forwarded, in the order in which it came. What
 * needs no waiting runs without a promise; what came in one chunk is recorded together, waited for once and forwarded in
 * one write. A refused message is replaced by one that fails at the target, so that the answer comes in its place, the
 * transaction fails where it would, and both sides agree on what happened.
 */
export class Asks {
  readonly #guard: Guard
  readonly #inspector: Inspector
  readonly #dialogue: Dialogue
  readonly #statements: Statements
  readonly #outlet: Outlet
  readonly #toClient: Outlet
  readonly #reader = new FrameReader(route)
  /** What portals run, by name, as of what was sent; the Bind's tally counts for their rows. */
  readonly #portals = new Map<
    string,
    { readonly inspection: Pick<Inspection, 'verbs' | 'copy'>; readonly request: Request }
  >()
  readonly #order = new InOrder()
  readonly #copied = new CopyDigest()
  /** A message of the current pipeline was refused: the target will discard what follows up to Sync, so it is not sent. */
  #refused = false
  /** A write under a limit is running: nothing but COPY data passes until it is answered. */
  #holding = false
  /** The client said Terminate. */
  terminated = false

  constructor(options: AsksOptions) {
    this.#guard = options.guard
    this.#inspector = options.inspector
    this.#dialogue = options.dialogue
    this.#statements = options.statements
    this.#outlet = options.outlet
    this.#toClient = options.toClient
  }

  /**
   * Takes a chunk. Undefined: everything is forwarded as far as `outlet.flush` is concerned. A promise: nothing else may be
   * given until it resolves. Throws or rejects with Fault `protocol.violation`.
   */
  take(chunk: Buffer): Promise<void> | undefined {
    this.#reader.feed(chunk)
    return this.#run()
  }

  #run(): Promise<void> | undefined {
    while (!this.terminated && this.#reader.next()) {
      const pause = this.#step()
      if (pause) return pause.then(() => this.#run())
    }
    return this.#order.release()
  }

  #step(): Promise<void> | undefined {
    if (this.#holding && !isCopy(this.#reader.tag)) return this.#afterHold().then(() => this.#message())
    return this.#message()
  }

  /** Waits until the limited write is answered. */
  async #afterHold(): Promise<void> {
    await this.#quiet()
    this.#holding = false
  }

  /** Everything that came before is forwarded and answered. */
  async #quiet(): Promise<void> {
    await this.#order.release()
    this.#outlet.flush()
    while (!this.#dialogue.quiet) await this.#dialogue.changed()
  }

  /**
   * Forwards a message the target will answer, unless the target discards it: after an error everything up to the next
   * Sync. A refused one is replaced by `instead`, which fails there.
   */
  #send(request: Request, view: Buffer, instead?: Buffer): void {
    if (this.#dialogue.skipping) {
      if (request.definition) this.#statements.failed(request.name, request.definition)
      request.tally?.fail('00000', 'not run: an earlier message of the pipeline failed').settle(this.#guard)
      return
    }
    if (request.refusal && request.definition) this.#statements.failed(request.name, request.definition)
    this.#dialogue.ask(request)
    this.#outlet.add(request.refusal && instead ? instead : view)
  }

  #message(): Promise<void> | undefined {
    const { tag, bytes, start, end } = this.#reader
    const view = bytes.subarray(start, end)
    if (isCopy(tag)) return this.#copy(view)
    if (tag === FRONTEND.terminate) {
      this.terminated = true
      return this.#order.release()
    }
    if (tag === FRONTEND.sync) return this.#sync(view)
    if (this.#refused || (this.#dialogue.skipping && this.#order.empty)) return undefined
    switch (tag) {
      case FRONTEND.query:
        return this.#query(view)
      case FRONTEND.parse:
        return this.#parse(view)
      case FRONTEND.bind:
        return this.#bind(view)
      case FRONTEND.execute:
        return this.#execute(view)
      case FRONTEND.functionCall:
        return this.#functionCall(view)
      case FRONTEND.describe:
      case FRONTEND.close:
        return this.#named(tag, view)
      default:
        this.#order.behind(() => this.#outlet.add(view))
        return undefined
    }
  }

  #sync(view: Buffer): undefined {
    this.#refused = false
    this.#statements.nextSegment()
    this.#order.behind(() => {
      this.#dialogue.skipping = false
      // The target ignores a Sync among COPY data.
      if (this.#dialogue.copyIn) this.#outlet.add(view)
      else this.#send(new Request('sync'), view)
    })
    return undefined
  }

  #query(view: Buffer): Promise<void> | undefined {
    if (this.#isLong()) return this.#refuseLong('query')
    const text = decodeQuery(view, 5, view.length)
    if (text === undefined) return this.#judgedQuery(view, '', NOT_UTF8)
    const seen = this.#inspector.inspect(text, this.#guard.rules.refuse)
    if (!(seen instanceof Promise)) return this.#judgedQuery(view, text, seen)
    return seen.then(inspection => this.#judgedQuery(view, text, inspection))
  }

  #judgedQuery(view: Buffer, text: string, seen: Inspection): Promise<void> | undefined {
    const judged = this.#withExecuted(seen)
    if (this.#guard.rules.writesPerStatement !== undefined && isLimited(judged)) {
      return this.#limitedQuery(view, text, judged, seen.verbs.length === 1)
    }
    const permit = this.#submit('query', judged, text)
    const request = this.#queryRequest(judged, text)
    this.#order.after(permit, given => {
      if (this.#permitted(request, given, judged.objections)) this.#send(request, view, query(FAILING_TEXT))
    })
    return undefined
  }

  #queryRequest(seen: Inspection, text: string): Request {
    const request = new Request('query')
    request.copyIn = seen.copy === 'in'
    this.#statements.nextSegment()
    if (seen.prepares && seen.objections.length === 0) {
      request.definition = { seq: 0, inspection: seen.prepares.inner, text }
      request.prepares = { name: nameKey(Buffer.from(seen.prepares.name)), alone: seen.verbs.length === 1 }
      this.#statements.asked(request.prepares.name, request.definition)
    }
    return request
  }

  /** A query that changes rows under a write limit: alone, when everything before it is answered. */
  async #limitedQuery(view: Buffer, text: string, seen: Inspection, alone: boolean): Promise<void> {
    await this.#order.release()
    const objections = [...seen.objections]
    if (!alone) objections.push(NOT_ALONE)
    if (this.#dialogue.unsynced) objections.push(NOT_SYNCED)
    else await this.#quiet()
    const request = this.#queryRequest(seen, text)
    const given = await this.#submit('query', { ...seen, objections }, text)
    if (!this.#permitted(request, given, objections)) return
    if (request.refusal) return this.#send(request, view, query(FAILING_TEXT))

    // Quiet: the transaction status is what it will be when the query runs.
    const wrapped = this.#dialogue.status === STATUS.idle
    if (wrapped) {
      this.#send(hiddenQuery(), query('BEGIN'))
      await this.#quiet()
      if (this.#dialogue.status !== STATUS.inTransaction)
        throw violation('a write that no transaction could hold')
    }
    request.watch = new LimitedQuery(this.#limit(request.tally), wrapped)
    this.#send(request, view)
    this.#holding = true
  }

  #limit(tally: Tally | undefined) {
    return {
      most: this.#guard.rules.writesPerStatement ?? 0,
      dialogue: this.#dialogue,
      toTarget: (bytes: Buffer) => {
        this.#outlet.add(bytes)
        this.#outlet.flush()
      },
      toClient: this.#toClient,
      tally: tally ?? new Tally(0, 0),
    }
  }

  #parse(view: Buffer): Promise<void> | undefined {
    if (this.#isLong()) return this.#refuseLong('parse')
    const { name, text } = decodeParse(view, 5, view.length)
    if (text === undefined) return this.#judgedParse(view, name, '', NOT_UTF8)
    const seen = this.#inspector.inspect(text, this.#guard.rules.refuse)
    if (!(seen instanceof Promise)) return this.#judgedParse(view, name, text, seen)
    return seen.then(inspection => this.#judgedParse(view, name, text, inspection))
  }

  #judgedParse(view: Buffer, name: Buffer, text: string, seen: Inspection): undefined {
    const judged = this.#withExecuted(seen)
    const full = this.#statements.size >= MOST_NAMES
    const objections = full ? [...judged.objections, TOO_MANY_NAMES] : judged.objections
    const permit = this.#submit('parse', { ...judged, objections }, text)
    const request = new Request('parse', nameKey(name))
    request.definition = { seq: 0, inspection: judged, text }
    this.#statements.asked(request.name, request.definition)
    this.#extended(request, permit, objections, view, parse(name, FAILING_TEXT))
  }

  #bind(view: Buffer): Promise<void> | undefined {
    if (this.#isLong()) return this.#refuseLong('bind')
    const fields = decodeBind(view, 5, view.length)
    const found = this.#statements.find(nameKey(fields.statement))
    const objections = found.length === 0 ? [UNKNOWN_STATEMENT] : []
    if (this.#portals.size >= MOST_NAMES) objections.push(TOO_MANY_NAMES)
    const { rules } = this.#guard
    const permit = this.#guard.submit({
      ...bindAction(found, objections),
      ...(rules.bindValues ? { values: bindValues(fields) } : {}),
    })
    const request = new Request('bind', nameKey(fields.portal))
    request.formats = fields.resultFormats
    this.#portals.set(request.name, { inspection: united(found), request })
    this.#extended(request, permit, objections, view, failingParse())
    return undefined
  }

  #execute(view: Buffer): undefined {
    const { portal, maxRows } = decodeExecute(view, 5, view.length)
    const request = new Request('execute', nameKey(portal))
    const known = this.#portals.get(request.name)
    if (known === undefined) {
      // SQL made this portal (DECLARE): what it runs was judged there, that it runs now is an action of its own.
      const permit = this.#guard.submit({
        kind: 'execute',
        verbs: ['fetch'],
        writes: false,
        objects: [],
        objections: [],
      })
      return this.#extended(request, permit, [], view, failingParse())
    }
    request.copyIn = known.inspection.copy === 'in'
    if (this.#guard.rules.writesPerStatement === undefined || !isLimited(known.inspection)) {
      this.#order.behind(() => this.#send(request, view))
      return undefined
    }
    this.#holding = true
    this.#order.behind(() => {
      request.watch = new LimitedExecute(this.#limit(known.request.tally))
      // All rows at once: a portal read in parts says only at its end how many rows it changed.
      const whole = maxRows === 0 ? view : execute(portal, 0)
      this.#send(request, Buffer.concat([whole, flush()]))
    })
    return undefined
  }

  #named(tag: number, view: Buffer): undefined {
    const { kind, name } = decodeNamed(view, 5, view.length)
    const request = new Request(tag === FRONTEND.close ? 'close' : 'describe', nameKey(name))
    request.ofStatement = kind === 'S'
    if (request.kind === 'close' && !request.ofStatement) this.#portals.delete(request.name)
    this.#order.behind(() => this.#send(request, view))
    return undefined
  }

  #functionCall(view: Buffer): Promise<void> | undefined {
    if (this.#isLong()) return this.#refuseLong('function_call')
    const said = functionCallAction(decodeFunctionOid(view, 5, view.length), this.#guard.rules.refuse)
    this.#statements.nextSegment()
    const request = new Request('function_call')
    this.#order.after(this.#guard.submit(said), given => {
      if (this.#permitted(request, given, said.objections)) this.#send(request, view, query(FAILING_TEXT))
    })
    return undefined
  }

  /** COPY data stream through; their digest is as durable as the procedure demands before CopyDone is forwarded. */
  #copy(view: Buffer): undefined {
    const { tag, first } = this.#reader
    // The target ignores COPY messages when it does not copy, so they need not be sent. Data may come before their
    // CopyInResponse did, and before the query that asks for them was forwarded.
    const dialogue = this.#dialogue
    const coming = dialogue.copyExpected || this.#copied.begun || !this.#order.empty
    if (this.#refused || dialogue.skipping || !coming) return undefined
    if (tag === FRONTEND.copyData) {
      this.#copied.add(first ? view.subarray(5) : view)
      this.#order.behind(() => this.#outlet.add(view))
      return undefined
    }
    const detail = this.#copied.take()
    if (tag === FRONTEND.copyFail) {
      this.#order.behind(() => this.#outlet.add(view))
      return undefined
    }
    const permit = this.#guard.submit({
      kind: 'copy_in',
      verbs: ['copy'],
      writes: true,
      objects: [],
      detail,
      objections: [],
    })
    this.#order.after(permit, given => {
      const request = new Request('sync')
      if (!this.#permitted(request, given, [])) return
      if (request.refusal && dialogue.head) dialogue.head.refusal = request.refusal
      dialogue.copyIn = false
      this.#outlet.add(request.refusal ? copyFail(FAILING_TEXT) : view)
      request.tally?.settle(this.#guard)
    })
    return undefined
  }

  #submit(kind: string, seen: Inspection, text: string): Permit | Promise<Permit> {
    const { verbs, writes, objects, objections } = seen
    return this.#guard.submit({ kind, verbs, writes, objects, objections, text })
  }

  /** Forwards a message of the extended protocol; once one is refused nothing is taken until Sync. */
  #extended(
    request: Request,
    permit: Permit | Promise<Permit>,
    objections: readonly Objection[],
    view: Buffer,
    instead: Buffer,
  ): undefined {
    if (objections.length > 0) this.#refused = true
    this.#order.after(permit, given => {
      if (this.#permitted(request, given, objections)) this.#send(request, view, instead)
    })
  }

  /**
   * Numbers the request as the guard did and notes why it is refused, if it is. False: the session has ended, nothing more is
   * forwarded. What we object to is refused even if the guard would let it pass.
   */
  #permitted(request: Request, given: Permit, objections: readonly Objection[]): boolean {
    if (!given.forward && given.refusal?.rule === 'ended') {
      this.terminated = true
      return false
    }
    if (request.definition) request.definition.seq = given.seq
    if (!given.forward || objections.length > 0)
      request.refusal = given.refusal ?? objections[0] ?? NOT_RECORDED
    else
      request.tally = new Tally(
        given.seq,
        answersRows(request) ? this.#guard.rules.resultBytes : 0,
        request.formats,
      )
    return true
  }

  /** EXECUTE is judged by its PREPARE. */
  #withExecuted(seen: Inspection): Inspection {
    if (seen.executes === undefined || seen.executes.length === 0) return seen
    const meant = seen.executes.map(name => this.#statements.find(nameKey(Buffer.from(name))))
    const inner = united(meant.flat())
    return {
      ...seen,
      verbs: [...new Set([...seen.verbs, ...inner.verbs])],
      writes: seen.writes || inner.writes,
      objects: [...new Set([...seen.objects, ...inner.objects])],
      objections: meant.some(found => found.length === 0)
        ? [...seen.objections, UNKNOWN_STATEMENT]
        : seen.objections,
    }
  }

  /** Came in pieces because it is longer than what is judged. */
  #isLong(): boolean {
    return !(this.#reader.first && this.#reader.last)
  }

  /** Recorded and refused when its last piece has gone by; nothing of it is kept or forwarded. */
  #refuseLong(kind: 'query' | 'parse' | 'bind' | 'function_call'): undefined {
    if (!this.#reader.last) return undefined
    const detail = { bytes: this.#reader.length }
    const permit = this.#guard.submit({
      kind,
      verbs: [],
      writes: true,
      objects: [],
      detail,
      objections: [TOO_LARGE],
    })
    if (kind === 'parse' || kind === 'bind') {
      return this.#extended(
        new Request('parse', 'breakglass'),
        permit,
        [TOO_LARGE],
        failingParse(),
        failingParse(),
      )
    }
    const request = new Request('query')
    this.#order.after(permit, given => {
      if (this.#permitted(request, given, [TOO_LARGE])) this.#send(request, query(FAILING_TEXT))
    })
    return undefined
  }
}

function answersRows(request: Request): boolean {
  return request.kind === 'query' || request.kind === 'bind' || request.kind === 'execute'
}

function isCopy(tag: number): boolean {
  return tag === FRONTEND.copyData || tag === FRONTEND.copyDone || tag === FRONTEND.copyFail
}

/** Stands in for a refused message that is no Parse; its name is ours, so no statement of the client is touched. */
function failingParse(): Buffer {
  return parse(Buffer.from('breakglass'), FAILING_TEXT)
}

/** Longest text repeated with each Bind; the Parse it names has the whole. */
const SHOWN_TEXT = 1000

function bindAction(found: readonly Definition[], objections: readonly Objection[]): Action {
  const { verbs, writes, objects } = united(found)
  const text = found.map(one => one.text.slice(0, SHOWN_TEXT)).join('\n-- or\n')
  const parsed = found.flatMap(one => (one.seq > 0 ? [one.seq] : [])).join(',')
  return {
    kind: 'bind',
    verbs,
    writes,
    objects,
    objections,
    ...(found.length > 0 ? { text } : {}),
    ...(parsed === '' ? {} : { detail: { parse: parsed } }),
  }
}
