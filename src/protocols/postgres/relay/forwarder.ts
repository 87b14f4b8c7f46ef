import type { Action, Permit } from '../../../target/action.ts'
import type { Guard } from '../../../target/protocol.ts'
import type { FrameReader } from '../../../wire/frame-reader.ts'
import type { Outlet } from '../../../wire/outlet.ts'
import type { Dialogue, Request } from './dialogue.ts'
import { closeStatement, parse, query, sync } from '../messages/encode.ts'
import { InOrder } from './in-order.ts'
import { NOT_RECORDED } from '../inspect/objections.ts'
import type { Statements } from './statements.ts'
import { Tally } from './tally.ts'

/** Text that no server parses: what stands in for a refused statement, so that the target itself fails at this place. */
export const FAILING_TEXT = 'breakglass refused this statement'
const FAILING_QUERY = query(FAILING_TEXT)
/** A name of ours, so no statement of the client is touched. */
const OURS = 'breakglass'
/** Stands in for a refused message that is no Parse. */
const FAILING_PARSE = parse(OURS, FAILING_TEXT)

export interface ForwarderOptions {
  readonly guard: Guard
  readonly dialogue: Dialogue
  readonly statements: Statements
  /** Towards the target. */
  readonly outlet: Outlet
  /** Stands at the message that is being forwarded. */
  readonly reader: FrameReader
}

/**
 * Records and forwards the client's messages, in their order. What is refused is replaced by a message that fails at the
 * target: so the answer comes in its place, the transaction fails where it would, and both sides agree on what happened.
 */
export class Forwarder {
  readonly guard: Guard
  readonly dialogue: Dialogue
  readonly statements: Statements
  readonly outlet: Outlet
  readonly reader: FrameReader
  readonly order = new InOrder()
  /** A message of the current pipeline was refused: the target will discard what follows up to Sync, so it is not taken. */
  refused = false
  /** The guard said that the session is over. */
  ended = false

  constructor(options: ForwarderOptions) {
    this.guard = options.guard
    this.dialogue = options.dialogue
    this.statements = options.statements
    this.outlet = options.outlet
    this.reader = options.reader
  }

  /** The current message is an action: recorded, then forwarded or refused. `instead` is sent in its place when it may pass. */
  act(request: Request, said: Action, instead?: Buffer): void {
    const extended = request.kind !== 'query' && request.kind !== 'function_call'
    if (extended && said.objections.length > 0) this.refused = true
    const permit = this.guard.submit(said)
    // A Bind that came in the same write names its Parse by this, before the evidence of either is there.
    if (request.definition) request.definition.seq = this.guard.lastSeq
    if (this.order.empty && !(permit instanceof Promise)) {
      if (this.permitted(request, permit, said)) this.send(request, instead)
      return
    }
    const view = instead ?? this.view()
    this.order.after(permit, given => {
      if (this.permitted(request, given, said)) this.send(request, view)
    })
  }

  /** The current message, or `instead`, needs no permission and must not overtake. */
  pass(request?: Request, instead?: Buffer): void {
    if (this.order.empty) return this.send(request, instead)
    const view = instead ?? this.view()
    this.order.behind(() => this.send(request, view))
  }

  /**
   * Numbers the request as the guard did and notes why it is refused, if it is. False: the session has ended, nothing more is
   * forwarded. What we object to is refused even if the guard would let it pass.
   */
  permitted(request: Request, given: Permit, said: Action): boolean {
    if (!given.forward && given.refusal?.rule === 'ended') {
      this.ended = true
      return false
    }
    if (request.definition) request.definition.seq = given.seq
    if (!given.forward || said.objections.length > 0) {
      request.refusal = given.refusal ?? said.objections[0] ?? NOT_RECORDED
    } else {
      const { kind } = request
      const rows = kind === 'query' || kind === 'bind' || kind === 'execute'
      request.tally = new Tally(given.seq, rows ? this.guard.rules.resultBytes : 0, request.formats)
      if (request.several) request.tally.each = []
    }
    return true
  }

  /**
   * Forwards a message the target will answer (`request`) or not, unless the target discards it: after an error everything up
   * to the next Sync. Without `bytes` it is the current message.
   */
  send(request?: Request, bytes?: Buffer): void {
    if (this.dialogue.skipping) {
      if (request?.definition) this.statements.failed(request.name, request.definition)
      request?.tally
        ?.fail('00000', 'not forwarded: an earlier message of the pipeline failed')
        .settle(this.guard)
      return
    }
    if (request?.refusal) {
      if (request.definition)
        this.statements.failed(request.prepares?.name ?? request.name, request.definition)
      const instead = failing(request, this.dialogue)
      this.dialogue.ask(request)
      this.outlet.add(instead)
      return
    }
    if (request) this.dialogue.ask(request)
    if (bytes) this.outlet.add(bytes)
    else this.outlet.add(this.reader.bytes, this.reader.start, this.reader.end)
  }

  /** The current message, to be kept. */
  view(): Buffer {
    return this.reader.bytes.subarray(this.reader.start, this.reader.end)
  }

  /** Resolves when everything that came before is forwarded and answered. */
  async quiet(): Promise<void> {
    await this.order.release()
    this.outlet.flush()
    while (!this.dialogue.quiet) await this.dialogue.changed()
  }
}

/** What takes the place of a refused message: it fails at the target, wherever it stands. */
function failing(request: Request, dialogue: Dialogue): Buffer {
  const { kind, name, trial } = request
  if (trial !== undefined && kind === 'parse') return tried(name === '' ? '' : OURS, trial)
  // As a Query does, this ends with a ReadyForQuery; behind extended messages without Sync it would end those as well.
  if (trial !== undefined && kind === 'query' && !dialogue.unsynced) {
    return Buffer.concat([tried('', trial), sync()])
  }
  request.trial = undefined
  if (kind === 'query' || kind === 'function_call') return FAILING_QUERY
  return kind === 'parse' ? parse(name, FAILING_TEXT) : FAILING_PARSE
}

/** Parsed and, should that succeed, forgotten at once and made to fail. */
function tried(name: string, text: string): Buffer {
  return Buffer.concat([parse(name, text), closeStatement(name), FAILING_PARSE])
}
