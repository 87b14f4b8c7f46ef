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

/** One way in which what a target has seen so far can be what is on record. */
interface Reading {
  /** Actions up to here were seen at the target or passed over. */
  readonly at: number
  /** Portals of Binds that were seen. */
  readonly bound: ReadonlySet<string>
  readonly seen: ReadonlySet<number>
}

/**
 * Compares what a target sees with what was recorded, each message when it arrives. Throws for what was forwarded without a
 * durable action that says it (evidence before action), out of order, or twice: for what fits no reading that is left.
 */
export class Witness {
  readonly #evidence: SlowEvidence
  #copied = createHash('sha256')
  #readings: readonly Reading[] = [{ at: 0, bound: new Set(), seen: new Set() }]

  constructor(evidence: SlowEvidence) {
    this.#evidence = evidence
  }

  /** Numbers of the actions that the target saw. */
  get seen(): ReadonlySet<number> {
    return this.#readings[0]?.seen ?? new Set()
  }

  see({ tag, bytes }: Frame): void {
    const body = bytes.subarray(5)
    if (tag === 'd') this.#copied.update(body)
    if (tag === 'f') this.#copied = createHash('sha256')
    if (!'QPBFcE'.includes(tag)) return
    if (tag === 'P' && this.#evidence.actions.some(action => isTrial(action, body))) return
    const copied = tag === 'c' ? this.#copied.digest('hex') : ''
    if (tag === 'c') this.#copied = createHash('sha256')
    const early: number[] = []
    const left = new Map<string, Reading>()
    for (const reading of this.#readings)
      for (const next of this.#after(reading, tag, body, copied, early)) left.set(keyOf(next), next)
    if (left.size === 0) {
      const [seq] = early
      throw new Error(
        seq === undefined
          ? `the target saw ${tag} ${JSON.stringify(body.toString('latin1', 0, 80))} that is not on record`
          : `${tag} arrived before its action ${seq} was durable`,
      )
    }
    this.#readings = [...left.values()]
  }

  /** The readings that the message leaves of one. Actions that would have had to be durable are added to `early`. */
  #after(reading: Reading, tag: string, body: Buffer, copied: string, early: number[]): readonly Reading[] {
    const { actions, durable } = this.#evidence
    // The Bind that was seen stands for its Execute, or an Execute on record does: which depends on what the target had said by
    // then, and one on record may wait behind a message that is still to come, or be dropped with the session.
    const standing = tag === 'E' && reading.bound.has(nameIn(body)) ? [reading] : []
    const found = this.#recorded(reading.at, at => says(actions[at], tag, body, copied))
    if (found === undefined) return standing
    const seq = found + 1
    if (!durable.has(seq)) {
      early.push(seq)
      return standing
    }
    const bound = tag === 'B' ? new Set([...reading.bound, nameIn(body)]) : reading.bound
    return [{ at: seq, bound, seen: new Set([...reading.seen, seq]) }, ...standing]
  }

  /** The next action on record that was forwarded and `fits`. */
  #recorded(from: number, fits: (at: number) => boolean): number | undefined {
    const { actions, outcomes } = this.#evidence
    for (let at = from; at < actions.length; at++) {
      if (outcomes.get(at + 1)?.error?.message.startsWith('not forwarded')) continue
      if (fits(at)) return at
    }
    return undefined
  }

  /**
   * After the end: what the target saw has an outcome; what it did not see has none, or one that says so. One reading of all that
   * was seen has to hold. A target that `lies` may have answered what it had not got.
   */
  check(lies = false): void {
    const wrong = this.#readings.map(({ seen }) => this.#wrong(seen, lies))
    if (!wrong.includes(undefined)) throw new Error(wrong[0])
  }

  #wrong(seen: ReadonlySet<number>, lies: boolean): string | undefined {
    for (const [at, action] of this.#evidence.actions.entries()) {
      const seq = at + 1
      const refused = action.objections.length > 0
      const outcome = this.#evidence.outcomes.get(seq)
      if (refused && outcome) return `refused action ${seq} has an outcome`
      if (!refused && !outcome && seen.has(seq)) return `action ${seq} (${action.kind}) has no outcome`
      if (!lies && outcome && !outcome.error && !seen.has(seq))
        return `action ${seq} (${action.kind}) never reached the target and has a good outcome`
    }
    return undefined
  }
}

/** Readings that are alike are one. The portals follow from what was seen. */
function keyOf({ at, seen }: Reading): string {
  return `${at}:${[...seen].join(',')}`
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
