import type { Permit } from '../../../target/action.ts'
import type { FileTransferPorts } from './file-transfer.ts'

/** `bytes[start, end)`. */
interface View {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

interface Step {
  readonly view: View
  readonly given: Permit | Promise<Permit> | undefined
  readonly goes: (permit: Permit | undefined) => boolean
}

/**
 * Client bytes on their way to the target, in the order in which they came. What is permitted at once goes at once; behind
 * something that waits for its evidence all wait, and share the wait. Neighbouring parts of a chunk go on as one view.
 */
export class InOrder {
  readonly #ports: Pick<FileTransferPorts, 'toTarget' | 'swallowed'>
  readonly #over: () => boolean
  #steps: Step[] = []
  #bytes: Buffer | undefined
  #start = 0
  #end = 0

  /** `over`: nothing may go any more, whatever was permitted. */
  constructor(ports: Pick<FileTransferPorts, 'toTarget' | 'swallowed'>, over: () => boolean) {
    this.#ports = ports
    this.#over = over
  }

  /** Goes on behind what came before it; `goes` false: is swallowed in its turn. */
  pass(bytes: Buffer, start: number, end: number, goes = true): void {
    this.#step({ view: { bytes, start, end }, given: undefined, goes: () => goes })
  }

  /** Goes on when `decided`, called once and in order, says so; otherwise it is swallowed. */
  ask(
    given: Permit | Promise<Permit>,
    bytes: Buffer,
    start: number,
    end: number,
    decided: (permit: Permit) => boolean,
  ): void {
    const goes = (permit: Permit | undefined): boolean => permit !== undefined && decided(permit)
    this.#step({ view: { bytes, start, end }, given, goes })
  }

  /** Hands on what may go. A promise: some wait. */
  settle(): void | Promise<void> {
    this.#flush()
    if (this.#steps.length === 0) return
    const steps = this.#steps
    this.#steps = []
    return this.#inTurn(steps)
  }

  /** Each as soon as its permit is there: what is permitted waits for nothing that came later, whose evidence may never come. */
  async #inTurn(steps: readonly Step[]): Promise<void> {
    for (const { given } of steps) if (given instanceof Promise) given.catch(() => undefined)
    for (const step of steps) this.#take(step, await step.given)
    this.#flush()
  }

  #step(step: Step): void {
    if (this.#steps.length > 0 || step.given instanceof Promise) this.#steps.push(step)
    else this.#take(step, step.given)
  }

  #take({ view: { bytes, start, end }, goes }: Step, permit: Permit | undefined): void {
    if (this.#over()) return
    if (!goes(permit)) this.#ports.swallowed(end - start)
    else if (bytes === this.#bytes && start === this.#end) this.#end = end
    else {
      this.#flush()
      this.#bytes = bytes
      this.#start = start
      this.#end = end
    }
  }

  #flush(): void {
    const bytes = this.#bytes
    this.#bytes = undefined
    if (bytes === undefined || this.#over()) return
    const whole = this.#start === 0 && this.#end === bytes.length
    this.#ports.toTarget(whole ? bytes : bytes.subarray(this.#start, this.#end))
  }
}
