import { Fault } from '../../../kernel/faults.ts'
import type { Outlet } from '../../../wire/outlet.ts'
import { decodeFunctionOid, decodeQuery, nameKey } from '../messages/decode.ts'
import { Request } from './dialogue.ts'
import { query } from '../messages/encode.ts'
import { textAction, withExecuted } from './executed.ts'
import type { Forwarder } from './forwarder.ts'
import { functionCallAction } from './function-call.ts'
import type { Inspection, Inspector } from '../inspect/inspector.ts'
import { NO_FUNCTION_CALL } from '../rehearse/objections.ts'
import type { Rehearsals } from '../rehearse/rehearsals.ts'
import { STATUS } from '../messages/messages.ts'
import { NOT_UTF8 } from '../inspect/objections.ts'
import { hiddenQuery, isLimited, LimitedQuery, limitOf, NOT_ALONE, NOT_SYNCED } from './write-limit.ts'

/** The simple protocol: Query and FunctionCall, each with a ReadyForQuery of its own. */
export class SimpleAsks {
  readonly #forwarder: Forwarder
  readonly #inspector: Inspector
  readonly #toClient: Outlet

  readonly #rehearsals: Rehearsals | undefined

  constructor(forwarder: Forwarder, inspector: Inspector, toClient: Outlet, rehearsals?: Rehearsals) {
    this.#rehearsals = rehearsals
    this.#forwarder = forwarder
    this.#inspector = inspector
    this.#toClient = toClient
  }

  /** Resolves `true` when a write under a limit was begun: what follows is held until it is answered. */
  query(): Promise<boolean> | undefined {
    const { reader, guard } = this.#forwarder
    const text = decodeQuery(reader.bytes, reader.start + 5, reader.end)
    if (text === undefined) return this.#judged('', NOT_UTF8)
    const seen = this.#inspector.inspect(text, guard.rules.refuse)
    if (!(seen instanceof Promise)) return this.#judged(text, seen)
    return seen.then(async inspection => (await this.#judged(text, inspection)) ?? false)
  }

  functionCall(): undefined {
    const { reader, guard, statements } = this.#forwarder
    const oid = decodeFunctionOid(reader.bytes, reader.start + 5, reader.end)
    statements.nextSegment()
    const said = functionCallAction(oid, guard.rules.refuse)
    const objections =
      this.#rehearsals && said.writes ? [...said.objections, NO_FUNCTION_CALL] : said.objections
    this.#forwarder.act(new Request('function_call'), { ...said, objections })
  }

  #judged(text: string, seen: Inspection): Promise<boolean> | undefined {
    const judged = withExecuted(seen, this.#forwarder.statements)
    if (this.#rehearsals?.concerns(judged)) {
      const alone = seen.verbs.length === 1
      return this.#rehearsals.query({ request: this.#request(judged, text), text, inspection: judged, alone })
    }
    if (this.#forwarder.guard.rules.writesPerStatement !== undefined && isLimited(judged)) {
      return this.#limited(text, judged, seen.verbs.length === 1)
    }
    this.#forwarder.act(this.#request(judged, text), textAction('query', judged, text))
    return undefined
  }

  #request(seen: Inspection, text: string): Request {
    const request = new Request('query')
    request.copyIn = seen.copy === 'in'
    request.several = seen.statements.length > 1
    request.copies = seen.copies
    if (seen.syntax) request.trial = text
    this.#forwarder.statements.nextSegment()
    if (seen.prepares && seen.objections.length === 0) {
      request.definition = { seq: 0, inspection: seen.prepares.inner, text }
      request.prepares = { name: nameKey(seen.prepares.name), alone: seen.verbs.length === 1 }
      this.#forwarder.statements.asked(request.prepares.name, request.definition)
    }
    return request
  }

  /** A query that changes rows under a write limit: alone, when everything before it is answered. */
  async #limited(text: string, seen: Inspection, alone: boolean): Promise<boolean> {
    const forwarder = this.#forwarder
    const { dialogue } = forwarder
    await forwarder.order.release()
    const objections = [...seen.objections]
    if (!alone) objections.push(NOT_ALONE)
    if (dialogue.unsynced) objections.push(NOT_SYNCED)
    else await forwarder.quiet()
    const request = this.#request(seen, text)
    const said = textAction('query', { ...seen, objections }, text)
    if (!forwarder.permitted(request, await forwarder.guard.submit(said), said)) return false
    if (request.refusal === undefined) {
      // Quiet: the transaction status is what it will be when the query runs.
      const wrapped = dialogue.status === STATUS.idle
      if (wrapped) {
        forwarder.send(hiddenQuery(), query('BEGIN'))
        await forwarder.quiet()
        if (dialogue.status !== STATUS.inTransaction) {
          throw new Fault('protocol.violation', 'the target began no transaction for a limited write')
        }
      }
      request.watch = new LimitedQuery(limitOf(forwarder, this.#toClient, request), wrapped)
    }
    forwarder.send(request)
    return request.refusal === undefined
  }
}
