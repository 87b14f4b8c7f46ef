import type { Duplex } from 'node:stream'
import type { Action, Outcome, Permit, SessionEnd, SessionRules, StreamEvent } from './action.ts'
import { NOT_FORWARDED } from './not-forwarded.ts'
import type { Guard, HeldWrites } from './protocol.ts'

export const OPEN_RULES: SessionRules = {
  refuse: [],
  writesPerStatement: undefined,
  mask: [],
  evidence: 'with',
  bindValues: true,
  resultBytes: 4096,
}

const ENDED = { rule: 'ended', what: 'the session has ended', next: '' }

/** A guard that writes everything down and permits what carries no objection, at once or when its evidence is there. */
export class RecordingGuard implements Guard {
  readonly rules: SessionRules
  readonly actions: Action[] = []
  readonly outcomes = new Map<number, Outcome>()
  /** By action, as they came. */
  readonly streams = new Map<number, StreamEvent[]>()
  /** What came inside the session. */
  readonly connections: Duplex[] = []
  /** Serves what came inside the session; by default nobody does. */
  serve: ((stream: Duplex) => void) | undefined
  /** Answers later, as a disk would. */
  delayMs: number | undefined
  /** The session is over, but nobody has told it yet: what it submits is answered `ended`. */
  lapsed = false
  /** The protocol has said that its relay is over. */
  relayOver = false
  /** Numbers of actions whose evidence is awaited. */
  readonly #waiting = new Set<number>()
  ended: SessionEnd | undefined
  held: HeldWrites | undefined
  #onEnd: ((end: SessionEnd) => void) | undefined
  #onNotice: ((text: string) => void) | undefined
  #evidence: (() => Promise<void>) | undefined

  constructor(rules: Partial<SessionRules> = {}) {
    this.rules = { ...OPEN_RULES, ...rules }
  }

  get lastSeq(): number {
    return this.actions.length
  }

  submit(action: Action): Permit | Promise<Permit> {
    const seq = this.actions.length + 1
    if (this.ended || this.relayOver) return { forward: false, seq, refusal: ENDED }
    this.actions.push(action)
    const [refusal] = action.objections
    const permit = (): Permit => {
      this.#waiting.delete(seq)
      if (this.ended || this.lapsed || this.relayOver) return { forward: false, seq, refusal: ENDED }
      return refusal ? { forward: false, seq, refusal } : { forward: true, seq }
    }
    const evidence = refusal || action.narrows ? undefined : this.#durable()
    if (!evidence) return permit()
    this.#waiting.add(seq)
    return evidence.then(permit)
  }

  over(): void {
    this.relayOver = true
    const never = [...this.#waiting]
    this.#waiting.clear()
    for (const seq of never) this.finish(seq, NOT_FORWARDED)
  }

  /** From now on evidence is durable when what `durable` returns, asked for each, resolves. */
  awaitEvidence(durable: () => Promise<void>): void {
    this.#evidence = durable
  }

  /** From now on evidence takes as long as `delay` says, asked for each; in milliseconds. */
  delayEvidence(delay: () => number): void {
    this.awaitEvidence(() => new Promise(resolve => setTimeout(resolve, delay())))
  }

  /** From now on no evidence becomes durable until the function that is given is called. */
  holdEvidence(): () => void {
    let release = (): void => undefined
    const held = new Promise<void>(resolve => (release = resolve))
    this.#evidence = () => held
    return () => {
      this.#evidence = undefined
      release()
    }
  }

  #durable(): Promise<void> | undefined {
    const { delayMs } = this
    if (this.#evidence) return this.#evidence()
    return delayMs === undefined ? undefined : new Promise(resolve => setTimeout(resolve, delayMs))
  }

  finish(seq: number, outcome: Outcome): void {
    if (this.outcomes.has(seq)) throw new Error(`action ${seq} finished twice`)
    this.outcomes.set(seq, outcome)
  }

  stream(seq: number, events: readonly StreamEvent[]): void
  stream(seq: number, events: readonly StreamEvent[], wait: 'before'): boolean | Promise<boolean>
  stream(seq: number, events: readonly StreamEvent[], wait?: 'before'): boolean | Promise<boolean> {
    const known = this.streams.get(seq) ?? []
    this.streams.set(seq, [...known, ...events])
    const goesOn = (): boolean => this.ended === undefined && !this.lapsed && !this.relayOver
    const evidence = wait && this.#durable()
    return evidence ? evidence.then(goesOn) : goesOn()
  }

  onEnd(listener: (end: SessionEnd) => void): void {
    this.#onEnd = listener
    if (this.ended) listener(this.ended)
  }

  onNotice(listener: (text: string) => void): void {
    this.#onNotice = listener
  }

  hold(held: HeldWrites | undefined): void {
    this.held = held
  }

  connection(stream: Duplex): void {
    this.connections.push(stream)
    this.serve?.(stream)
  }

  touch(): void {
    // Idle time is the gateway's.
  }

  end(end: SessionEnd): void {
    if (this.ended) return
    this.ended = end
    this.over()
    this.#onEnd?.(end)
  }

  notice(text: string): void {
    this.#onNotice?.(text)
  }

  texts(kind?: string): (string | undefined)[] {
    return this.actions.filter(one => kind === undefined || one.kind === kind).map(one => one.text)
  }

  /** What the stream of an action says under one code, put together. */
  said(seq: number, code: StreamEvent[1]): string {
    return (this.streams.get(seq) ?? [])
      .filter(event => event[1] === code)
      .map(event => event[2])
      .join('')
  }

  /** Action and outcome of the first action whose text contains `part`. */
  about(part: string): { action: Action; outcome: Outcome | undefined } {
    const index = this.actions.findIndex(one => one.text?.includes(part))
    const action = this.actions[index]
    if (!action) throw new Error(`no action with ${part} among ${JSON.stringify(this.texts())}`)
    return { action, outcome: this.outcomes.get(index + 1) }
  }
}
