import type { Guard } from '../../../target/protocol.ts'
import type { Channel } from './channel.ts'
import type { Flow } from './flow.ts'

/** A stream to a permitted destination: what is in it is not ours to understand, how much it was is counted. */
export class Forward implements Flow {
  readonly #seq: number
  readonly #channel: Channel
  readonly #guard: Guard
  readonly #now: () => number
  readonly #began: number
  #bytes = 0
  #failed: string | undefined

  constructor(seq: number, channel: Channel, guard: Guard, now: () => number) {
    this.#seq = seq
    this.#channel = channel
    this.#guard = guard
    this.#now = now
    this.#began = now()
  }

  fromClient(bytes: Buffer): void {
    this.#guard.touch()
    this.#bytes += bytes.length
    this.#channel.toTarget(bytes)
  }

  clientEof(): void {
    this.#channel.eofToTarget()
  }

  fromTarget(bytes: Buffer, stderr: boolean): void {
    this.#bytes += bytes.length
    this.#channel.toClient(bytes, stderr)
  }

  /** The target could not open it. */
  failed(why: string): void {
    this.#failed = why
  }

  closed(): void {
    this.#guard.finish(this.#seq, {
      rows: 0,
      bytes: this.#bytes,
      ms: this.#now() - this.#began,
      ...(this.#failed !== undefined && { error: { code: 'connect_failed', message: this.#failed } }),
      cut: false,
    })
  }
}
