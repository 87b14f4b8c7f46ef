import { Fault } from '../../../kernel/faults.ts'
import type { Objection } from '../../../target/action.ts'
import { identifier } from '../administration/quote.ts'
import type { Inspection, Inspector } from '../inspect/inspector.ts'
import { query, readyForQuery } from '../messages/encode.ts'
import { STATUS } from '../messages/messages.ts'
import type { Request } from '../relay/dialogue.ts'
import { textAction } from '../relay/executed.ts'
import { hiddenQuery } from '../relay/write-limit.ts'
import type { Dissection } from './dissection.ts'
import { HeldAnswer, MadeKeys } from './held-answer.ts'
import { lookBefore, returningKey, type Around } from './look.ts'
import { irreversibleObjection, NOT_ALONE, NOT_READ, NOT_SYNCED } from './objections.ts'
import { afterWrite, type RanWrite, type Stage } from './one-write.ts'

/** One simple query that writes or controls the transaction. */
export interface Asked {
  readonly request: Request
  readonly text: string
  readonly inspection: Inspection
  /** No other statement stands in the message. */
  readonly alone: boolean
}

/**
 * The simple protocol. In autocommit a write begins a transaction of ours, and ReadyForQuery says so: psql shows it by the `*`
 * of its prompt. The client's own message is forwarded as it is; only an INSERT without RETURNING gets one for the key.
 */
export class SimpleRehearsals {
  readonly #stage: Stage
  readonly #inspector: Inspector
  /** A COPY is running; resolves when it is recorded and shown. */
  #copying: Promise<void> | undefined

  constructor(stage: Stage, inspector: Inspector) {
    this.#stage = stage
    this.#inspector = inspector
  }

  /** Resolves `true` when COPY data must pass before the rest. */
  async query(asked: Asked): Promise<boolean> {
    const { forwarder, decisions } = this.#stage
    const { request, text, inspection, alone } = asked
    const { dialogue } = forwarder
    await forwarder.order.release()
    const { unsynced } = dialogue
    if (!unsynced) await forwarder.quiet()
    const dissection = alone && inspection.ok ? await this.#inspector.dissect(text) : undefined
    const control = dissection?.kind === 'control' ? dissection : undefined
    const objections = [
      ...inspection.objections,
      ...decisions.objections(control, alone, inspection.transactionControl),
      ...(inspection.writes ? writeObjections(asked, dissection) : []),
      ...(unsynced ? [NOT_SYNCED] : []),
    ]
    const said = textAction('query', { ...inspection, objections }, text)
    const given = await forwarder.guard.submit(said)
    if (!forwarder.permitted(request, given, said)) return false
    if (request.refusal === undefined && control && !(await decisions.control(request, control))) {
      forwarder.ended = true
      return false
    }
    const plain = control !== undefined || !inspection.writes || dialogue.status === STATUS.failed
    if (request.refusal || plain || dissection === undefined) {
      forwarder.send(request)
      return false
    }
    return this.#write(asked, dissection, given.seq)
  }

  /** Resolves when a COPY that was begun is over. */
  async copied(): Promise<void> {
    await this.#copying
    this.#copying = undefined
  }

  async #write({ request, inspection }: Asked, dissection: Dissection, seq: number): Promise<boolean> {
    const { forwarder, hidden, decisions, rules } = this.#stage
    await this.#begin()
    const around: Around = { hidden, end: 'sync', most: rules.rows, bound: undefined }
    const before = await lookBefore(dissection, around)
    if (before === undefined) {
      request.tally
        ?.fail('00000', 'not run: the rows it would change could not be read')
        .settle(forwarder.guard)
      await this.#failed()
      return false
    }
    const key = dissection.kind === 'insert' ? returningKey(before) : []
    const open = dissection.kind === 'insert' && key.length > 0 ? dissection.open : undefined
    const made = open === undefined ? undefined : new MadeKeys(rules.rows)
    if (made) request.rows = made
    const { tally } = request
    const ran = (answer: HeldAnswer): RanWrite => {
      return { before, answer, made: made?.rows, around, inspection, seq, tally }
    }
    if (inspection.copy === 'in') {
      const answer = new HeldAnswer(() => {
        this.#copying = decisions.inTurn(() => this.#after(ran(answer)))
        this.#copying.catch(() => undefined)
      })
      request.watch = answer
      forwarder.send(request)
      return true
    }
    const answer = new HeldAnswer()
    request.watch = answer
    forwarder.send(
      request,
      open === undefined ? undefined : query(`${open} RETURNING ${key.map(identifier).join(', ')}`),
    )
    await forwarder.quiet()
    await this.#after(ran(answer))
    return false
  }

  async #begin(): Promise<void> {
    const { forwarder, decisions } = this.#stage
    const { dialogue } = forwarder
    const ours = dialogue.status === STATUS.idle
    if (ours) {
      await this.#hidden('BEGIN')
      if (dialogue.status !== STATUS.inTransaction) {
        throw new Fault('protocol.violation', 'the target began no transaction for a rehearsed write')
      }
    }
    decisions.begin(ours)
  }

  async #after(ran: RanWrite): Promise<void> {
    const { forwarder, decisions, toClient } = this.#stage
    const came = await afterWrite(this.#stage, ran)
    if (came === 'ended') return
    if (came === 'failed') return this.#failed()
    if (came === 'nothing') {
      // It read, or changed no row: as in autocommit, it is over.
      await this.#hidden('COMMIT')
      decisions.lose(undefined)
      if (ran.answer.completed) toClient.add(ran.answer.completed)
    }
    toClient.add(readyForQuery(forwarder.dialogue.status))
    toClient.flush()
  }

  /** The client has the error. A transaction of ours in which nothing else is held goes unseen, as it came. */
  async #failed(): Promise<void> {
    const { forwarder, decisions, toClient } = this.#stage
    // Otherwise what was held before is not lost yet: a savepoint may bring it back. The end of the transaction tells.
    if (decisions.ours && decisions.writes.length === 0) {
      await this.#hidden('ROLLBACK')
      decisions.lose('failed')
    }
    toClient.add(readyForQuery(forwarder.dialogue.status))
    toClient.flush()
  }

  async #hidden(text: string): Promise<void> {
    const { forwarder } = this.#stage
    forwarder.send(hiddenQuery(), query(text))
    await forwarder.quiet()
  }
}

function writeObjections(
  { inspection, alone }: Asked,
  dissection: Dissection | undefined,
): readonly Objection[] {
  if (!alone) return [NOT_ALONE]
  if (dissection === undefined) return inspection.ok ? [NOT_READ] : []
  return dissection.kind === 'never' ? [irreversibleObjection(dissection.what)] : []
}
