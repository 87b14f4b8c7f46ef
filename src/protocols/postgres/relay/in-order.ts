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

  /**
   * Forwards in order, each as soon as its permit is there: nothing that is permitted waits for what came later, whose evidence
   * may never come. Undefined when nothing waits; rejects with the first permit that does.
   */
  release(): Promise<void> | undefined {
    if (this.empty) return undefined
    const waiting = this.#waiting
    this.#waiting = []
    return inTurn(waiting)
  }
}

async function inTurn(waiting: readonly Waiting[]): Promise<void> {
  // What fails is told in its turn; until then nobody awaits it.
  for (const { permit } of waiting) if (permit instanceof Promise) permit.catch(() => undefined)
  for (const { permit, forward } of waiting) forward(await permit)
}
