import type { Finished } from './remote-channel.ts'
import type { CommandLink } from './command-link.ts'

/** How long a kept connection may take to show that it still works. */
const ALIVE_MS = 3000

/**
 * The kept connection to one account of a target. Commands run one at a time, in the order they were asked for. Connects at the
 * first, and anew when it was lost; a command that was lost with it is run a second time, so it must bear that.
 */
export class ControlLink {
  readonly #open: () => Promise<CommandLink>
  #link: CommandLink | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(open: () => Promise<CommandLink>) {
    this.#open = open
  }

  /** Resolves when the connection stands. Faults as `openLink`. */
  ready(): Promise<void> {
    return this.#inTurn(async () => void (await this.#connected()))
  }

  /** Fault `target.unreachable` when there is no connection or no end within `timeoutMs`. */
  run(command: string, input: string, timeoutMs: number): Promise<Finished> {
    return this.#inTurn(async () => {
      const link = await this.#connected()
      const result = await link.run(command, input, timeoutMs)
      if (!link.closed) return result
      return (await this.#connected()).run(command, input, timeoutMs)
    })
  }

  /** Lets the connection go in its turn, never under a running command, if `wanted` still says so then. */
  release(wanted: () => boolean = () => true): Promise<void> {
    return this.#inTurn(async () => {
      if (!wanted()) return
      this.#link?.close()
      this.#link = undefined
    })
  }

  /** A connection whose other end went away without a word looks open: it has to answer before it is used. */
  async #connected(): Promise<CommandLink> {
    if (this.#link && !this.#link.closed && (await this.#link.answers(ALIVE_MS))) return this.#link
    this.#link?.close()
    this.#link = undefined
    this.#link = await this.#open()
    return this.#link
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return mine
  }
}
