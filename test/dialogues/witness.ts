import { createHash } from 'node:crypto'
import type { Action, Permit } from '../../src/target/action.ts'
import { RecordingGuard } from '../../src/target/recording-guard.suite.ts'
import type { Frame } from './frames.ts'
import type { Random } from './random.ts'

const FAILING = 'breakglass refused this statement'

/** Evidence that takes its time, in order, as a disk does; knows which actions are durable. */
export class SlowEvidence extends RecordingGuard {
  /** Numbers of the actions that may be done by now. */
  readonly durable = new Set<number>()
  readonly #random: Random
  #last: Promise<void> = Promise.resolve()

  constructor(random: Random, refuse: readonly string[]) {
    super({ refuse, resultBytes: 512 })
    this.#random = random
  }

  override submit(action: Action): Permit | Promise<Permit> {
    const permit = super.submit(action)
    if (permit instanceof Promise) throw new Error('the delay is ours')
    const { seq } = permit
    if (!permit.forward || this.#random.once(3)) {
      this.durable.add(seq)
      return permit
    }
    const ticks = this.#random.below(3)
    this.#last = this.#last.then(async () => {
      for (let tick = 0; tick < ticks; tick++) await new Promise<void>(resolve => setImmediate(resolve))
      this.durable.add(seq)
    })
    return this.#last.then(() => permit)
  }
}

/**
 * Compares what a target sees with what was recorded, each message when it arrives. Throws for what was forwarded without a
 * durable action that says it (evidence before action), out of order, or twice.
 */
export class Witness {
  readonly #evidence: SlowEvidence
  readonly #bound = new Set<string>()
  #copied = createHash('sha256')
  /** Actions up to here were seen at the target or passed over. */
  #at = 0
  readonly seen = new Set<number>()

  constructor(evidence: SlowEvidence) {
    this.#evidence = evidence
  }

  see({ tag, bytes }: Frame): void {
    const body = bytes.subarray(5)
    if (tag === 'd') this.#copied.update(body)
    if (tag === 'f') this.#copied = createHash('sha256')
    if (!'QPBFcE'.includes(tag)) return
    const { actions } = this.#evidence
    if (tag === 'P' && actions.some(action => isTrial(action, body))) return
    // The Bind that was seen stands for its Execute, or an Execute on record does: which depends on what the target had said by
    // then. One that is durable is taken for this one, one that is not for a later one.
    if (tag === 'E' && this.#bound.has(nameIn(body)) && !this.#executeIsDurable()) return
    const copied = tag === 'c' ? this.#copied.digest('hex') : ''
    const found = this.#recorded(at => says(actions[at], tag, body, copied))
    if (found !== undefined) {
      if (!this.#evidence.durable.has(found + 1))
        throw new Error(`${tag} arrived before its action ${found + 1} was durable`)
      this.#at = found + 1
      this.seen.add(found + 1)
      if (tag === 'B') this.#bound.add(nameIn(body))
      if (tag === 'c') this.#copied = createHash('sha256')
      return
    }
    throw new Error(
      `the target saw ${tag} ${JSON.stringify(body.toString('latin1', 0, 80))} that is not on record`,
    )
  }

  /** The next action on record that was forwarded and `fits`. */
  #recorded(fits: (at: number) => boolean): number | undefined {
    const { actions, outcomes } = this.#evidence
    for (let at = this.#at; at < actions.length; at++) {
      if (outcomes.get(at + 1)?.error?.message.startsWith('not forwarded')) continue
      if (fits(at)) return at
    }
    return undefined
  }

  /** Whether the next action that is to be seen is an Execute, and may be seen. */
  #executeIsDurable(): boolean {
    const { actions, outcomes, durable } = this.#evidence
    const at = actions.findIndex(
      ({ objections }, i) => i >= this.#at && objections.length === 0 && !outcomes.get(i + 1)?.error,
    )
    return actions[at]?.kind === 'execute' && durable.has(at + 1)
  }

  /**
   * After the end: what the target saw has an outcome; what it did not see has none, or one that says so. A target that
   * `lies` may have answered what it had not got.
   */
  check(lies = false): void {
    for (const [at, action] of this.#evidence.actions.entries()) {
      const seq = at + 1
      const refused = action.objections.length > 0
      const outcome = this.#evidence.outcomes.get(seq)
      if (refused && outcome) throw new Error(`refused action ${seq} has an outcome`)
      if (!refused && !outcome && this.seen.has(seq))
        throw new Error(`action ${seq} (${action.kind}) has no outcome`)
      if (!lies && outcome && !outcome.error && !this.seen.has(seq))
        throw new Error(`action ${seq} (${action.kind}) never reached the target and has a good outcome`)
    }
  }
}

/** Whether the action is the one for this message: read naively, once more. */
function says(action: Action | undefined, tag: string, body: Buffer, copied: string): boolean {
  const [first = '', second = ''] = body.toString('utf8').split('\0')
  if (action === undefined) return false
  const refused = action.objections.length > 0
  switch (action.kind) {
    case 'query':
      return refused
        ? (tag === 'Q' && first === FAILING) || (tag === 'P' && second === FAILING)
        : tag === 'Q' && first === action.text
    case 'function_call':
      return refused
        ? tag === 'Q' && first === FAILING
        : tag === 'F' && body.readUInt32BE(0) === action.detail?.['oid']
    case 'parse':
      return tag === 'P' && second === (refused ? FAILING : action.text)
    case 'bind':
      return refused ? tag === 'P' && second === FAILING : tag === 'B'
    case 'execute':
      return refused ? tag === 'P' && second === FAILING : tag === 'E'
    case 'copy_in':
      return tag === 'c' && copied === action.detail?.['sha256']
    default:
      return false
  }
}

/** A refused text that only the target's parser gets to see, for its words on what is wrong; a Parse runs nothing. */
function isTrial({ objections, text }: Action, body: Buffer): boolean {
  return objections.some(({ rule }) => rule === 'unparsable') && body.toString('utf8').split('\0')[1] === text
}

/** The first name of a message as a server compares it: 63 bytes. */
function nameIn(body: Buffer): string {
  const nul = body.indexOf(0)
  return body.toString('latin1', 0, Math.min(nul < 0 ? body.length : nul, 63))
}
