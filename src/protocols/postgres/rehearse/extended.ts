import type { Objection } from '../../../target/action.ts'
import type { Inspection, Inspector } from '../inspect/inspector.ts'
import { execute, flush } from '../messages/encode.ts'
import { STATUS } from '../messages/messages.ts'
import { Request } from '../relay/dialogue.ts'
import type { Dissection } from './dissection.ts'
import { HeldAnswer } from './held-answer.ts'
import type { BoundQuery } from './hidden-queries.ts'
import { lookBefore } from './look.ts'
import { irreversibleObjection, NO_COPY, NOT_IN_TRANSACTION, NOT_READ } from './objections.ts'
import { afterWrite, type Stage } from './one-write.ts'

/** An Execute of a portal that writes or controls the transaction. */
export interface AskedExecute {
  readonly request: Request
  /** The client's message. */
  readonly view: Buffer
  readonly inspection: Pick<Inspection, 'verbs' | 'writes' | 'touched' | 'copy' | 'transactionControl'>
  /** What its Bind put together; undefined when it could mean several statements. */
  readonly bound: BoundQuery | undefined
  readonly bind: Request
}

/**
 * The extended protocol, inside the client's own transaction only: a driver in autocommit takes its write for done. What we
 * ask stands in the client's pipeline, before and behind its Execute, with Flush in place of Sync.
 */
export class ExtendedRehearsals {
  readonly #stage: Stage
  readonly #inspector: Inspector
  /** What the pipeline since the last Sync did to the transaction; ReadyForQuery does not say so yet. */
  #since: 'began' | 'ended' | undefined

  constructor(stage: Stage, inspector: Inspector) {
    this.#stage = stage
    this.#inspector = inspector
  }

  /** The client sent Sync: from its answer on the status is known again. */
  synced(): void {
    this.#since = undefined
  }

  async execute(asked: AskedExecute): Promise<void> {
    const { forwarder, decisions } = this.#stage
    const { request, view, inspection, bound } = asked
    await this.#settled()
    if (forwarder.dialogue.skipping || forwarder.ended) return forwarder.send(request, view)
    const dissection = bound && (await this.#inspector.dissect(bound.text))
    const control = dissection?.kind === 'control' ? dissection : undefined
    const objections = [
      ...decisions.objections(control, bound !== undefined, inspection.transactionControl),
      ...(inspection.writes ? this.#objections(asked, dissection) : []),
    ]
    if (objections.length > 0) {
      const { verbs, writes, touched } = inspection
      return forwarder.act(new Request('execute', request.name), {
        kind: 'execute',
        verbs,
        writes,
        ...(touched && { touched }),
        objections,
      })
    }
    if (control) return this.#control(asked, control)
    const fails = forwarder.dialogue.status === STATUS.failed && this.#since === undefined
    if (dissection === undefined || fails) return forwarder.send(request, view)
    return this.#write(asked, dissection)
  }

  async #control(
    { request, view }: AskedExecute,
    control: Extract<Dissection, { kind: 'control' }>,
  ): Promise<void> {
    const { forwarder, decisions } = this.#stage
    if (!(await decisions.control(request, control))) {
      forwarder.ended = true
      return
    }
    if (/^(begin|start)$/.test(control.verb)) this.#since = 'began'
    if (/^(commit|rollback)$/.test(control.verb)) this.#since = 'ended'
    forwarder.send(request, view)
    await this.#settled()
  }

  async #write(
    { request, view, inspection, bound, bind }: AskedExecute,
    dissection: Dissection,
  ): Promise<void> {
    const { forwarder, hidden, decisions, rules, toClient } = this.#stage
    decisions.begin(false)
    const around = { hidden, end: 'flush', most: rules.rows, bound } as const
    const before = await lookBefore(dissection, around)
    if (before === undefined) return forwarder.send(request, view)
    const answer = new HeldAnswer()
    request.watch = answer
    // All rows at once: a portal read in parts says only at its end what it changed.
    forwarder.send(request, execute(request.name, 0))
    await this.#settled()
    const { tally } = bind
    const seq = tally?.seq ?? 0
    const came = await afterWrite(this.#stage, {
      before,
      answer,
      made: undefined,
      around,
      inspection,
      seq,
      tally,
    })
    if (came === 'nothing' && answer.completed) toClient.add(answer.completed)
    toClient.flush()
  }

  #objections({ inspection, bound }: AskedExecute, dissection: Dissection | undefined): readonly Objection[] {
    const { status } = this.#stage.forwarder.dialogue
    const open = this.#since === 'began' || (this.#since === undefined && status !== STATUS.idle)
    if (!open) return [NOT_IN_TRANSACTION]
    if (inspection.copy === 'in') return [NO_COPY]
    if (bound === undefined || dissection === undefined) return [NOT_READ]
    return dissection.kind === 'never' ? [irreversibleObjection(dissection.what)] : []
  }

  /** Everything sent so far is answered. */
  async #settled(): Promise<void> {
    const { forwarder } = this.#stage
    await forwarder.order.release()
    forwarder.outlet.add(flush())
    await forwarder.quiet()
  }
}
