import { performance } from 'node:perf_hooks'
import { Fault } from '../../../kernel/faults.ts'
import type { Action, Objection, RehearsalRules } from '../../../target/action.ts'
import type { HeldWrites } from '../../../target/protocol.ts'
import type { Outlet } from '../../../wire/outlet.ts'
import { query } from '../messages/encode.ts'
import { STATUS } from '../messages/messages.ts'
import { warningNotice } from '../messages/native-error.ts'
import type { Request, Watch } from '../relay/dialogue.ts'
import type { Forwarder } from '../relay/forwarder.ts'
import { hiddenQuery } from '../relay/write-limit.ts'
import type { Dissection } from './dissection.ts'
import {
  opened,
  released,
  rolledBackTo,
  savepoint,
  wrote,
  type HeldTransaction,
  type HeldWrite,
} from './held-writes.ts'
import { COMMIT_NOT_ALONE, goneObjection, KEPT_ALREADY, UNREAD_COMMIT } from './objections.ts'

export interface DecisionsOptions {
  readonly forwarder: Forwarder
  readonly toClient: Outlet
  readonly rules: RehearsalRules
  /** Cancels what runs at the target. */
  readonly cancel: () => void
}

type Control = Extract<Dissection, { kind: 'control' }>

/** How a write ended that was held, as the leaf of its record says it; undefined means kept. */
type Fate = 'rolled_back' | 'undone' | 'failed' | 'session_ended' | 'unknown' | undefined

/**
 * The writes of one session that wait, and everything by which they are decided: COMMIT and ROLLBACK of the person, the time,
 * the API, a failing transaction, the end of the session. Each decision is recorded; what keeps is durable before it acts.
 */
export class Decisions implements HeldWrites {
  readonly withinMs: number
  readonly #options: DecisionsOptions
  #transaction: HeldTransaction | undefined
  /** Shown, and no message has come since. */
  #unread = false
  #shownAt = 0
  /** What the next statement must be told first. */
  #gone: Objection | undefined
  #kept = false
  #committing = false
  #cancelled = false
  #turns = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: DecisionsOptions) {
    this.#options = options
    this.withinMs = options.rules.withinMs
  }

  get writes(): readonly HeldWrite[] {
    return this.#transaction?.writes ?? []
  }

  /** Whether messages that neither write nor control transactions concern us too. */
  get waiting(): boolean {
    return this.#gone !== undefined
  }

  get ours(): boolean {
    return this.#transaction?.ours ?? false
  }

  /** One rehearsal or decision at a time. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#turns++
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      this.#turns--
    }
  }

  /** A message came that was sent after whatever we have shown. */
  heard(): void {
    this.#unread = false
  }

  begin(ours: boolean): void {
    if (this.#transaction !== undefined && ours) this.lose('unknown')
    this.#transaction ??= opened(ours)
  }

  /** Recorded and about to be shown. */
  wrote(write: HeldWrite): void {
    this.#transaction = wrote(this.#transaction ?? opened(false), write)
    this.#unread = true
    this.#shownAt = performance.now()
    this.#cancelled = false
    this.#options.forwarder.guard.hold(this)
  }

  /** The transaction is over, or nothing can be kept of it any more. */
  lose(fate: Fate): void {
    const { writes } = this
    this.#transaction = undefined
    this.#committing = false
    this.#finish(writes, fate)
    if (writes.length > 0) this.#options.forwarder.guard.hold(undefined)
  }

  /** Why a message is refused for the sake of what is held, or was. `alone`: it is one statement. */
  objections(control: Control | undefined, alone: boolean, controls: boolean): readonly Objection[] {
    const { verb } = control ?? {}
    const found: Objection[] = []
    if (this.#gone && verb !== 'rollback') found.push(this.#gone)
    this.#gone = undefined
    if (this.#kept && verb === 'rollback') found.push(KEPT_ALREADY)
    this.#kept = false
    if (this.writes.length > 0) {
      if (controls && !alone) found.push(COMMIT_NOT_ALONE)
      if (verb === 'commit' && this.#unread) found.push(UNREAD_COMMIT)
    }
    return found
  }

  /** Prepares a permitted statement that controls the transaction. False: the session has ended. */
  async control(request: Request, { verb, savepoint: name }: Control): Promise<boolean> {
    const { writes } = this
    if (verb === 'savepoint') {
      request.watch = new Told(
        () => (this.#transaction = savepoint(this.#transaction ?? opened(false), name)),
      )
    } else if (verb === 'release') {
      request.watch = new Told(() => (this.#transaction &&= released(this.#transaction, name)))
    } else if (verb === 'rollback to') {
      request.watch = new Told(() => this.#rolledBackTo(name))
    } else if (verb === 'commit' || verb === 'rollback') {
      if (writes.length > 0 && !(await this.#decided(verb === 'commit' ? 'keep' : 'undo', 'statement')))
        return false
      this.#committing = verb === 'commit'
      request.watch = new Told(
        tag => this.lose(tag === 'COMMIT' ? undefined : verb === 'commit' ? 'failed' : 'rolled_back'),
        () => this.lose('failed'),
      )
    }
    return true
  }

  undo(why: string): boolean {
    const { forwarder, toClient, cancel } = this.#options
    if (this.writes.length === 0) return true
    if (this.#turns > 0 || !forwarder.dialogue.quiet || !forwarder.order.empty) {
      // What runs keeps the locks as well.
      if (!this.#cancelled) cancel()
      this.#cancelled = true
      return false
    }
    void this.#decided('undo', why)
    const ending = hiddenQuery()
    ending.watch = new Told(
      () => undefined,
      () => undefined,
      true,
    )
    forwarder.dialogue.ask(ending)
    forwarder.outlet.add(query('ROLLBACK'))
    forwarder.outlet.flush()
    this.#gone = goneObjection(why)
    this.lose('rolled_back')
    toClient.add(warningNotice(`breakglass: the held writes were rolled back: ${why}.`))
    toClient.flush()
    return true
  }

  async keep(): Promise<void> {
    if (this.writes.length === 0) throw new Fault('conflict', 'Nothing is held any more.')
    if (this.#turns > 0 || !this.#options.forwarder.dialogue.quiet) {
      throw new Fault('conflict', 'A statement of this session is running.', {
        next: 'Try again when it is over.',
      })
    }
    await this.inTurn(() => this.#keep())
  }

  async #keep(): Promise<void> {
    const { forwarder, toClient } = this.#options
    const { dialogue, outlet } = forwarder
    const mine = this.#transaction
    if (!(await this.#decided('keep', 'api'))) throw new Fault('session.ended', 'The session has ended.')
    await forwarder.quiet()
    if (mine === undefined || this.#transaction !== mine || dialogue.status !== STATUS.inTransaction) {
      throw new Fault('conflict', 'The transaction has changed meanwhile; nothing was done.')
    }
    let kept = false
    const ending = hiddenQuery()
    ending.watch = new Told(
      tag => (kept = tag === 'COMMIT'),
      () => undefined,
      true,
    )
    this.#committing = true
    dialogue.ask(ending)
    outlet.add(query('COMMIT'))
    await forwarder.quiet()
    this.lose(kept ? undefined : 'failed')
    if (kept) this.#kept = true
    else this.#gone = goneObjection(NOT_COMMITTED)
    const said = kept
      ? 'the held writes were kept through the API; you are outside of a transaction now'
      : `the held writes were rolled back: ${NOT_COMMITTED}`
    toClient.add(warningNotice(`breakglass: ${said}.`))
    toClient.flush()
    if (!kept)
      throw new Fault('conflict', 'The target could not commit the writes; nothing of them was kept.')
  }

  /** The session is over; the target rolls back what it was not told to commit. */
  abandon(): void {
    this.lose(this.#committing ? 'unknown' : 'session_ended')
  }

  #rolledBackTo(name: string): void {
    if (this.#transaction === undefined) return
    const { held, undone } = rolledBackTo(this.#transaction, name)
    this.#transaction = held
    this.#finish(undone, 'undone')
    if (undone.length > 0) this.#options.forwarder.guard.hold(held.writes.length > 0 ? this : undefined)
  }

  /** On record before it acts when it keeps; an undoing waits for nobody. False: the session has ended. */
  async #decided(what: 'keep' | 'undo', by: string): Promise<boolean> {
    const action: Action = {
      kind: 'decision',
      verbs: [what],
      writes: what === 'keep',
      detail: {
        by,
        rehearsals: this.writes.map(write => write.action).join(','),
        ms_after_shown: Math.round(performance.now() - this.#shownAt),
      },
      objections: [],
      ...(what === 'keep' ? { durable: true } : { narrows: true }),
    }
    const given = this.#options.forwarder.guard.submit(action)
    return what === 'undo' || (await given).forward
  }

  #finish(writes: readonly HeldWrite[], fate: Fate): void {
    const ms = performance.now() - this.#shownAt
    for (const { action } of writes) {
      const error = fate && { code: fate, message: FATES[fate] }
      this.#options.forwarder.guard.finish(action, {
        rows: 0,
        bytes: 0,
        ms,
        cut: false,
        ...(error && { error }),
      })
    }
  }
}

const NOT_COMMITTED = 'the target could not commit them'

const FATES = {
  rolled_back: 'rolled back',
  undone: 'undone by ROLLBACK TO',
  failed: 'the transaction failed',
  session_ended: 'the session ended before a decision, so the target rolled it back',
  unknown: 'the session ended behind COMMIT: whether it was kept is not known here',
} as const satisfies Readonly<Record<Exclude<Fate, undefined>, string>>

/** Learns how a statement ended; the client hears it as well. `quiet`: it does not hear of a failure. */
class Told implements Watch {
  readonly #done: (tag: string) => void
  readonly #failed: (() => void) | undefined
  readonly #quiet: boolean

  constructor(done: (tag: string) => void, failed?: () => void, quiet = false) {
    this.#done = done
    this.#failed = failed
    this.#quiet = quiet
  }

  complete(whole: Buffer): boolean {
    this.#done(whole.toString('latin1', 5, whole.length - 1))
    return false
  }

  failed(): boolean {
    this.#failed?.()
    return this.#quiet
  }

  ready(): boolean {
    return false
  }
}
