import type { Permit } from '../../../target/action.ts'

interface Waiting {
  readonly permit: Permit | Promise<Permit>
  readonly forward: (permit: Permit) => void
}

/** For what is no action and needs no permission, but must not overtake. */
const FREE: Permit = { forward: true, seq: 0 }

/**
 * Keeps the order in which messages came while some of them wait for their evidence. As long as nothing waits everything
 * goes through at once, without a promise: that is the hot path.
 */
export class InOrder {
  #waiting: Waiting[] = []

  get empty(): boolean {
    return this.#waiting.length === 0
  }

  /** Calls `forward` when the permit is there and everything before has been forwarded. */
  after(permit: Permit | Promise<Permit>, forward: (permit: Permit) => void): void {
    if (this.empty && !(permit instanceof Promise)) forward(permit)
    else this.#waiting.push({ permit, forward })
  }

  /** Calls `forward` when everything before has been forwarded. */
  behind(forward: () => void): void {
    if (this.empty) forward()
    else this.#waiting.push({ permit: FREE, forward })
  }

  /** Waits for all permits at once, then forwards in order; undefined when nothing waits. */
  release(): Promise<void> | undefined {
    if (this.empty) return undefined
    const waiting = this.#waiting
    this.#waiting = []
    return Promise.all(waiting.map(async one => one.permit)).then(permits => {
      for (const [index, one] of waiting.entries()) one.forward(permits[index] ?? FREE)
    })
  }
}
