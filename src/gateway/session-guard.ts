import type { Duplex } from 'node:stream'
import type { Clock, Instant } from '../kernel/clock.ts'
import type { JsonObject } from '../kernel/json.ts'
import type {
  Action,
  Outcome,
  Permit,
  SessionEnd,
  SessionRules,
  StreamEvent,
  Touched,
} from '../target/action.ts'
import { NOT_FORWARDED } from '../target/not-forwarded.ts'
import type { Guard, HeldWrites } from '../target/protocol.ts'
import type { Item } from '../recording/batch.ts'
import type { SessionWriter } from '../recording/session-writer.ts'

/** Kinds of action that the target works on and that are finished by an outcome. */
const RUNS = new Set(['query', 'bind', 'function_call'])

const ENDED = { rule: 'ended', what: 'the session has ended', next: 'Ask for access again.' }

/** Held writes, and since when. */
export interface Held extends Pick<HeldWrites, 'writes' | 'withinMs'> {
  readonly since: Instant
  undo(why: string): boolean
  keep(): Promise<void>
}

export interface SessionTotals {
  readonly actions: number
  readonly refused: number
  readonly rows: number
  readonly bytes: number
}

/**
 * Stands between client and target: records each action before it is forwarded and stops everything once the session has
 * ended. Owned by one session; the protocol asks it, `run-session` ends it.
 */
export class SessionGuard implements Guard {
  readonly rules: SessionRules
  readonly #writer: SessionWriter
  readonly #clock: Clock
  #seq = 0
  #totals = { actions: 0, refused: 0, rows: 0, bytes: 0 }
  #ended: SessionEnd | undefined
  /** Nothing is forwarded any more: the session has ended, or its relay has. */
  #over = false
  /** Numbers of actions that were recorded as allowed and whose evidence is awaited. */
  readonly #waiting = new Set<number>()
  #onEnd: ((end: SessionEnd) => void) | undefined
  #onNotice: ((text: string) => void) | undefined
  #unheard: string[] = []
  #lastSeen: number
  #held: Held | undefined
  /** Number of the last action that runs at the target and has not finished; 0 when none does. */
  #running = 0
  /** Numbers of those that run beside others. */
  readonly #beside = new Set<number>()
  readonly #evidenceFailed: (error: unknown) => void
  readonly #connection: (stream: Duplex) => void

  constructor(options: {
    readonly rules: SessionRules
    readonly writer: SessionWriter
    readonly clock: Clock
    readonly now: Instant
    /** Told once when an entry could not be written: the session then ends with reason `evidence`. */
    readonly evidenceFailed: (error: unknown) => void
    /** Serves a connection that came inside this session. */
    readonly connection: (stream: Duplex) => void
  }) {
    this.rules = options.rules
    this.#writer = options.writer
    this.#clock = options.clock
    this.#lastSeen = options.now.mono
    this.#evidenceFailed = options.evidenceFailed
    this.#connection = options.connection
    options.writer.onLost(error => void this.#failed(error, 0))
  }

  get ended(): SessionEnd | undefined {
    return this.#ended
  }

  /** A statement that runs is not idleness, however long it takes. */
  get lastSeen(): number {
    return this.#running === 0 && this.#beside.size === 0 ? this.#lastSeen : this.#clock.now().mono
  }

  get totals(): SessionTotals {
    return this.#totals
  }

  get lastSeq(): number {
    return this.#seq
  }

  submit(action: Action): Permit | Promise<Permit> {
    const seq = ++this.#seq
    if (this.#over) return { forward: false, seq, refusal: ENDED }
    this.#totals.actions++
    const refusal = action.objections[0]
    if (refusal) this.#totals.refused++
    else if (action.beside) this.#beside.add(seq)
    else if (RUNS.has(action.kind)) this.#running = seq
    try {
      const payload = payloadOf(action)
      const item: Item = {
        type: 'action',
        t: this.#clock.now().wall,
        outcome: refusal ? 'refused' : 'allowed',
        data: leafOf(action, seq),
        ...(payload && { payload }),
      }
      const waits = this.rules.evidence === 'before' || action.durable === true
      if (!refusal && !action.narrows && waits) {
        this.#waiting.add(seq)
        return this.#writer.record(item).then(
          () => this.#permit(seq),
          (error: unknown) => this.#failed(error, seq),
        )
      }
      // A refusal acts on nothing, so nobody waits for it.
      this.#writer.note(item)
      return refusal ? { forward: false, seq, refusal } : this.#permit(seq)
    } catch (error) {
      return this.#failed(error, seq)
    }
  }

  finish(seq: number, outcome: Outcome): void {
    if (!this.#beside.delete(seq) && seq >= this.#running) this.#running = 0
    this.touch()
    this.#totals.rows += outcome.rows
    this.#totals.bytes += outcome.bytes
    const data: JsonObject = {
      bytes: outcome.bytes,
      ...(outcome.changed !== undefined && { changed: outcome.changed }),
      ...(outcome.cut && { cut: true }),
      ...(outcome.each && { each: outcome.each.map(one => ({ ...one, ms: rounded(one.ms) })) }),
      ...(outcome.error && { error: outcome.error.code }),
      ms: rounded(outcome.ms),
      n: seq,
      rows: outcome.rows,
    }
    const payload = {
      ...(outcome.detail && Object.keys(outcome.detail).length > 0 && { detail: { ...outcome.detail } }),
      ...(outcome.error && { error: outcome.error.message }),
      ...(outcome.result !== undefined && outcome.result !== '' && { result: outcome.result }),
    }
    try {
      this.#writer.note({
        type: 'result',
        t: this.#clock.now().wall,
        outcome: outcome.error ? 'error' : 'done',
        data,
        ...(Object.keys(payload).length > 0 && { payload }),
      })
    } catch (error) {
      this.#failed(error, seq)
    }
  }

  stream(seq: number, events: readonly StreamEvent[]): void
  stream(seq: number, events: readonly StreamEvent[], wait: 'before'): boolean | Promise<boolean>
  stream(seq: number, events: readonly StreamEvent[], wait?: 'before'): boolean | Promise<boolean> {
    if (this.#over && wait) return false
    const item: Item = {
      type: 'stream',
      t: this.#clock.now().wall,
      data: { n: seq },
      payload: { events: events.map(event => [...event]) },
    }
    try {
      if (wait && this.rules.evidence === 'before') {
        return this.#writer.record(item).then(
          () => !this.#over,
          (error: unknown) => this.#failed(error, seq).forward,
        )
      }
      this.#writer.note(item)
      return !this.#over
    } catch (error) {
      return this.#failed(error, seq).forward
    }
  }

  onEnd(listener: (end: SessionEnd) => void): void {
    this.#onEnd = listener
    if (this.#ended) listener(this.#ended)
  }

  onNotice(listener: (text: string) => void): void {
    this.#onNotice = listener
    for (const text of this.#unheard.splice(0)) listener(text)
  }

  connection(stream: Duplex): void {
    if (this.#over) stream.destroy()
    else this.#connection(stream)
  }

  touch(): void {
    this.#lastSeen = this.#clock.now().mono
  }

  hold(held: HeldWrites | undefined): void {
    this.#held = held && {
      writes: held.writes,
      withinMs: held.withinMs,
      since: this.#clock.now(),
      undo: why => held.undo(why),
      keep: () => held.keep(),
    }
  }

  /** What waits for a decision, as long as the session lives. */
  get held(): Held | undefined {
    return this.#ended ? undefined : this.#held
  }

  end(end: SessionEnd): void {
    if (this.#ended) return
    this.#ended = end
    this.over()
    this.#onEnd?.(end)
  }

  over(): void {
    this.#over = true
    const never = [...this.#waiting]
    this.#waiting.clear()
    for (const seq of never) this.finish(seq, NOT_FORWARDED)
  }

  notice(text: string): void {
    if (this.#onNotice) this.#onNotice(text)
    else this.#unheard.push(text)
  }

  #permit(seq: number): Permit {
    this.#waiting.delete(seq)
    return this.#over ? { forward: false, seq, refusal: ENDED } : { forward: true, seq }
  }

  #failed(error: unknown, seq: number): Permit {
    if (!this.#ended) {
      // Whether what else waits was written nobody can tell.
      this.#waiting.clear()
      this.end({
        reason: 'evidence',
        text: 'breakglass: the record of this session cannot be written, so it ends here.',
      })
      this.#evidenceFailed(error)
    }
    return { forward: false, seq, refusal: ENDED }
  }
}

/** Statements told by their verbs in a leaf, which has a limit; a script of thousands may come as one message. */
const VERBS_AT_MOST = 100

function leafOf(action: Action, seq: number): JsonObject {
  const { kind, verbs, writes, objections } = action
  const long = verbs.length > VERBS_AT_MOST
  // In canonical order, as in `payloadOf` and `finish`: the log writes that without sorting.
  return {
    kind,
    n: seq,
    ...(objections.length > 0 && { rules: objections.map(objection => objection.rule) }),
    ...(long && { statements: verbs.length }),
    verbs: long ? verbs.slice(0, VERBS_AT_MOST) : verbs,
    ...(writes && { writes }),
  }
}

const NOTHING: Touched = {}

function payloadOf(action: Action): JsonObject | undefined {
  const { text, touched, parts, values, detail, before, inverse, objections } = action
  // The plain statement, which is nearly all of them.
  const plain =
    values === undefined &&
    detail === undefined &&
    parts === undefined &&
    before === undefined &&
    inverse === undefined
  if (text !== undefined && plain && objections.length === 0) {
    const { calls, changes, defines, reads } = touched ?? NOTHING
    return { calls, changes, defines, reads, text }
  }
  const payload: JsonObject = {
    ...(text !== undefined && { text }),
    ...touched,
    ...(parts !== undefined && { parts: parts.map(({ touched: own, ...part }) => ({ ...part, ...own })) }),
    ...(values !== undefined && { values }),
    ...(detail !== undefined && { detail: { ...detail } }),
    ...(before !== undefined && { before }),
    ...(inverse !== undefined && { inverse }),
    ...(objections.length > 0 && {
      refused: objections.map(({ rule, what, at }) => ({ rule, what, ...(at !== undefined && { at }) })),
    }),
  }
  return Object.keys(payload).length === 0 ? undefined : payload
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
