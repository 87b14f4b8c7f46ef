import type { Duplex } from 'node:stream'
import type { Action, Outcome, Permit, SessionEnd, SessionRules, StreamEvent } from './action.ts'
import type { Guard, HeldWrites } from './protocol.ts'

export const OPEN_RULES: SessionRules = {
  refuse: [],
  writesPerStatement: undefined,
  mask: [],
  evidence: 'with',
  bindValues: true,
  resultBytes: 4096,
}

/** A guard that writes everything down and permits what carries no objection. `delayMs` makes it answer later, as a disk would. */
export class RecordingGuard implements Guard {
  readonly rules: SessionRules
  readonly actions: Action[] = []
  readonly outcomes = new Map<number, Outcome>()
  /** By action, as they came. */
  readonly streams = new Map<number, StreamEvent[]>()
  /** What came inside the session. */
  readonly connections: Duplex[] = []
  delayMs: number | undefined
  ended: SessionEnd | undefined
  held: HeldWrites | undefined
  #onEnd: ((end: SessionEnd) => void) | undefined
  #onNotice: ((text: string) => void) | undefined

  constructor(rules: Partial<SessionRules> = {}) {
    this.rules = { ...OPEN_RULES, ...rules }
  }

  get lastSeq(): number {
    return this.actions.length
  }

  submit(action: Action): Permit | Promise<Permit> {
    this.actions.push(action)
    const seq = this.actions.length
    const [refusal] = action.objections
    const permit = (): Permit => {
      if (this.ended) return { forward: false, seq, refusal: { rule: 'ended', what: 'ended', next: '' } }
      return refusal ? { forward: false, seq, refusal } : { forward: true, seq }
    }
    if (this.delayMs === undefined || refusal) return permit()
    return new Promise(resolve => {
      setTimeout(() => resolve(permit()), this.delayMs)
    })
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
    if (wait === undefined || this.delayMs === undefined) return this.ended === undefined
    return new Promise(resolve => {
      setTimeout(() => resolve(this.ended === undefined), this.delayMs)
    })
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
  }

  touch(): void {
    // Idle time is the gateway's.
  }

  end(end: SessionEnd): void {
    if (this.ended) return
    this.ended = end
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
