import { backoff } from './backoff.ts'
import { DeliveryFailure } from './channel.ts'

/** One try in one lane. */
export type Step =
  /** Nothing in this lane needs the channel any more. */
  | { readonly kind: 'idle' }
  /** One alert was settled; there may be more. */
  | { readonly kind: 'settled' }

export interface ChannelQueueOptions {
  /** Delivers the next alert of the lane and logs it. A throw counts as a failed try. */
  step(lane: string, tries: number): Promise<Step>
  /** Gives up the lane's next alert for good and logs it. */
  giveUp(lane: string, tries: number, why: string): Promise<void>
  /** Tries per alert and channel. */
  readonly tries: number
  /** Alerts on their way at once. */
  readonly atOnce: number
  random(): number
  readonly onError: (error: unknown) => void
  /** Nothing got through when this was last known: begin with one lane. */
  readonly failing?: boolean
}

interface Waiting {
  failures: number
  notBefore: number
  why: string
  /** Something was added while a try was on its way: finding nothing may be older than that. */
  touched: boolean
}

/**
 * The lanes that one channel owes something, and when to try again. Holds names of lanes only, so ten thousand due alerts cost
 * ten thousand short strings; all of it may be lost, as the duty is folded from the log. While nothing gets through, one lane at a
 * time is tried, so a dead receiver is not stormed and no other channel waits.
 */
export class ChannelQueue {
  readonly #options: ChannelQueueOptions
  readonly #lanes = new Map<string, Waiting>()
  readonly #running = new Map<string, Promise<void>>()
  /** The most tries any alert has failed since something last got through. */
  #failures = 0
  #pausedUntil = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: ChannelQueueOptions) {
    this.#options = options
    this.#failures = options.failing === true ? 1 : 0
  }

  /** The lane may owe this channel something. */
  add(lane: string): void {
    if (this.#stopped) return
    const waiting = this.#lanes.get(lane)
    if (waiting) {
      waiting.touched = true
      return
    }
    this.#lanes.set(lane, { failures: 0, notBefore: 0, why: '', touched: false })
    this.#pump()
  }

  get size(): number {
    return this.#lanes.size
  }

  /** Resolves when what is on its way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await Promise.all(this.#running.values())
  }

  #pump(): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    const now = performance.now()
    if (this.#pausedUntil > now) return this.#wake(this.#pausedUntil - now)
    const limit = this.#failures > 0 ? 1 : this.#options.atOnce
    let soonest = Number.POSITIVE_INFINITY
    for (const [lane, waiting] of this.#lanes) {
      if (this.#running.size >= limit) return
      if (this.#running.has(lane)) continue
      if (waiting.notBefore > now) soonest = Math.min(soonest, waiting.notBefore)
      else this.#running.set(lane, this.#run(lane, waiting))
    }
    if (soonest !== Number.POSITIVE_INFINITY) this.#wake(soonest - now)
  }

  #wake(ms: number): void {
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, ms))
    this.#timer.unref()
  }

  async #run(lane: string, waiting: Waiting): Promise<void> {
    waiting.touched = false
    try {
      if (waiting.failures >= this.#options.tries) {
        await this.#options.giveUp(lane, waiting.failures, waiting.why)
        this.#reset(waiting)
      } else {
        const step = await this.#options.step(lane, waiting.failures + 1)
        this.#reset(waiting)
        if (step.kind === 'settled') this.#failures = 0
        else if (!waiting.touched) this.#lanes.delete(lane)
      }
    } catch (error) {
      this.#failed(waiting, error)
    } finally {
      this.#running.delete(lane)
      this.#pump()
    }
  }

  #reset(waiting: Waiting): void {
    waiting.failures = 0
    waiting.notBefore = 0
  }

  #failed(waiting: Waiting, error: unknown): void {
    const now = performance.now()
    if (!(error instanceof DeliveryFailure)) {
      // The log did not take the outcome: not the receiver's fault, so it costs the alert no try.
      this.#options.onError(error)
      waiting.notBefore = now + 1_000
      return
    }
    waiting.failures += 1
    waiting.why = error.message
    if (error.kind === 'refused') {
      waiting.notBefore = now + backoff(waiting.failures, this.#options.random())
      return
    }
    this.#failures = Math.max(this.#failures, waiting.failures)
    const wait = backoff(this.#failures, this.#options.random())
    this.#pausedUntil = now + Math.max(wait, Math.min(error.retryAfterMs ?? 0, 300_000))
  }
}
