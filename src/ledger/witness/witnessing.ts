import type { Clock, Instant } from '../../kernel/clock.ts'
import type { Head, Log } from '../log.ts'
import type { Policy, PolicyWitness } from '../trust/policy.ts'
import { isQuorum } from '../trust/quorum.ts'
import type { Post } from './http-post.ts'
import { type Cosigned, requestCosignature } from './request-cosignature.ts'

/** A signed head that satisfies the policy. */
export interface WitnessedHead extends Head {
  /** The signed note with the cosignatures behind it. */
  readonly checkpoint: string
  /** When the witnesses were asked: everything older than this they have seen. */
  readonly asked: Instant
}

export interface WitnessState {
  readonly name: string
  /** Undefined: never answered in this process. */
  readonly answered: Instant | undefined
  /** What it last answered, when that was no cosignature. */
  readonly trouble: string | undefined
}

export interface WitnessingOptions {
  readonly log: Pick<Log, 'name' | 'head' | 'consistency'>
  readonly policy: Policy
  readonly everyMs: number
  readonly post: Post
  readonly clock: Clock
  /** What was witnessed before this process, verified. */
  readonly before?: WitnessedHead
  /** Called for each newer one; waits for nobody. */
  readonly onWitnessed: (head: WitnessedHead) => void
  readonly onAnswer: (witness: PolicyWitness, answer: Cosigned) => void
}

/** Attempts that may be open at once; beyond, the slowest no longer counts. */
const MOST_OPEN = 8
/** A witness that fails is asked ever more rarely, down to once in this many rounds. */
const RAREST = 32

interface Attempt {
  readonly head: Head
  readonly asked: Instant
  readonly lines: Map<PolicyWitness, string>
}

interface Contact {
  readonly witness: PolicyWitness
  known: number
  busy: boolean
  failures: number
  /** Rounds still to be left out. */
  pause: number
  answered: Instant | undefined
  trouble: string | undefined
}

/**
 * Asks the witnesses of a policy for the newest signed head, round by round, off everybody's path. All of a round are asked
 * for the same head; one that is slow or fails delays neither the others nor the next round, and its late answer still counts.
 * Every head has the quorum of its own answers, fresh ones, so its age says what it seems to say.
 */
export class Witnessing {
  readonly #options: WitnessingOptions
  readonly #contacts: readonly Contact[]
  #attempts: Attempt[] = []
  #witnessed: WitnessedHead | undefined
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  readonly #running = new Set<Promise<void>>()

  constructor(options: WitnessingOptions) {
    this.#options = options
    this.#witnessed = options.before
    this.#contacts = options.policy.witnesses
      .filter(witness => witness.url !== undefined && witness.cosigner !== undefined)
      .map(witness => ({
        witness,
        known: options.before?.size ?? 0,
        busy: false,
        failures: 0,
        pause: 0,
        answered: undefined,
        trouble: undefined,
      }))
  }

  /** The newest head that satisfies the policy. */
  get witnessed(): WitnessedHead | undefined {
    return this.#witnessed
  }

  witnesses(): readonly WitnessState[] {
    return this.#contacts.map(({ witness, answered, trouble }) => ({ name: witness.name, answered, trouble }))
  }

  start(): void {
    if (this.#stopped || this.#timer !== undefined) return
    void this.round()
    this.#timer = setInterval(() => void this.round(), this.#options.everyMs).unref()
  }

  /** Asks everybody who is free, for the head of this moment. Resolves when they have answered. */
  async round(): Promise<void> {
    const { log, clock } = this.#options
    const head = log.head()
    if (head.size === 0 || this.#stopped) return
    const attempt: Attempt = { head, asked: clock.now(), lines: new Map() }
    this.#attempts = [...this.#attempts, attempt].slice(-MOST_OPEN)
    await Promise.all(this.#free().map(contact => this.#asking(contact, attempt)))
  }

  /** Asks no more; resolves when what was asked has been answered or has timed out. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await Promise.all(this.#running)
  }

  /** Those who have answered and need not be spared this time. */
  #free(): readonly Contact[] {
    return this.#contacts.filter(contact => {
      if (contact.busy) return false
      if (contact.pause === 0) return true
      contact.pause -= 1
      return false
    })
  }

  #asking(contact: Contact, attempt: Attempt): Promise<void> {
    const asking = this.#ask(contact, attempt).finally(() => this.#running.delete(asking))
    this.#running.add(asking)
    return asking
  }

  async #ask(contact: Contact, attempt: Attempt): Promise<void> {
    const { log, post, clock, onAnswer } = this.#options
    const { witness, known } = contact
    contact.busy = true
    const asked = await requestCosignature({
      witness,
      head: attempt.head,
      known,
      post,
      prove: (from, to) => log.consistency(from, to),
    })
    const { answer } = asked
    contact.busy = false
    contact.known = asked.known
    if (answer.is === 'cosigned') {
      contact.failures = 0
      contact.answered = clock.now()
      contact.trouble = undefined
      attempt.lines.set(witness, answer.line)
      this.#publish(attempt)
    } else {
      contact.failures += 1
      contact.pause = Math.min(RAREST, 2 ** Math.min(contact.failures - 1, 5)) - 1
      contact.trouble = answer.is === 'failed' ? answer.why : answer.what
    }
    onAnswer(witness, answer)
  }

  #publish({ head, asked, lines }: Attempt): void {
    const { policy, onWitnessed } = this.#options
    if (!isQuorum(policy.quorum, new Set(lines.keys()))) return
    const before = this.#witnessed
    if (before !== undefined && (before.size > head.size || before.asked.mono > asked.mono)) return
    const checkpoint = head.checkpoint + [...lines.values()].join('')
    this.#witnessed = { ...head, checkpoint, asked }
    onWitnessed(this.#witnessed)
  }
}
