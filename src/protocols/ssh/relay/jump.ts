import { Duplex } from 'node:stream'
import { Fault } from '../../../kernel/faults.ts'
import { encodeConnection } from '../messages/connection.ts'
import { MOST_DATA } from '../messages/numbers.ts'
import type { Guard } from '../../../target/protocol.ts'
import type { SshTransport } from '../transport/transport.ts'
import type { RelayContext } from './context.ts'
import type { Destination } from '../inspect/destination.ts'
import { widened } from './window.ts'

/** Bytes a client may send before we have read them, and per packet. */
export const JUMP_WINDOW = 512 * 1024
export const JUMP_PACKET = 32 * 1024

/**
 * Whether a forward leads to the grant's own target: `ssh -J gateway target`. Such a connection is answered by the gateway itself, as if it
 * had come to its door; tunnelled, nothing of what is done in it would be seen.
 */
export function isJump(destination: Destination, { target }: Pick<RelayContext, 'target'>): boolean {
  if ('path' in destination) return false
  const host = destination.host.toLowerCase().replace(/\.$/, '')
  return host === target.name || (host === target.host.toLowerCase() && destination.port === target.port)
}

export interface JumpOptions {
  readonly client: SshTransport
  readonly recipient: number
  readonly window: number
  readonly maxPacket: number
  readonly guard: Guard
  /** Told once; `bytes`: in both directions. */
  over(bytes: number): void
}

/** A channel of the client as a stream of bytes, for a door inside. The windows are ours and hold back both directions. */
export class JumpStream extends Duplex {
  readonly #options: JumpOptions
  #room: number
  #unread = 0
  #pending: { bytes: Buffer; done: (error?: Error | null) => void } | undefined
  #closed = false
  #inEnded = false
  #bytes = 0

  constructor(options: JumpOptions) {
    super({ allowHalfOpen: false })
    this.#options = options
    this.#room = options.window
  }

  /** The client sent this. What was still on its way when we closed goes nowhere. */
  received(bytes: Buffer): void {
    if (this.#closed) return
    if (this.#inEnded) throw new Fault('protocol.violation', 'data behind the end of data')
    this.#options.guard.touch()
    this.#unread += bytes.length
    this.#bytes += bytes.length
    if (this.#unread > JUMP_WINDOW) throw new Fault('protocol.violation', 'more data than the window allows')
    this.push(bytes)
  }

  receivedEnd(): void {
    if (this.#closed || this.#inEnded) return
    this.#inEnded = true
    this.push(null)
  }

  /** The client takes this much more. */
  adjust(bytes: number): void {
    if (this.#closed) return
    this.#room = widened(this.#room, bytes)
    this.#flush()
  }

  /** What is asked of the channel itself; a stream of bytes has nothing to ask for. */
  refuse(): void {
    if (!this.#closed)
      this.#options.client.send(encodeConnection({ type: 'failure', recipient: this.#options.recipient }))
  }

  override _read(): void {
    const bytes = this.#unread - this.readableLength
    if (bytes <= 0) return
    this.#unread -= bytes
    const { client, recipient } = this.#options
    client.send(encodeConnection({ type: 'window_adjust', recipient, bytes }))
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#pending = { bytes, done }
    this.#flush()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#options.client.send(encodeConnection({ type: 'eof', recipient: this.#options.recipient }))
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#pending?.done(error ?? new Error('the channel is closed'))
    this.#pending = undefined
    if (!this.#closed) {
      this.#closed = true
      this.#options.client.send(encodeConnection({ type: 'close', recipient: this.#options.recipient }))
      this.#options.over(this.#bytes)
    }
    done(error)
  }

  #flush(): void {
    const pending = this.#pending
    const { client, recipient, maxPacket } = this.#options
    if (!pending) return
    for (let rest = pending.bytes; rest.length > 0; rest = pending.bytes) {
      const fits = Math.min(rest.length, this.#room, maxPacket, MOST_DATA)
      if (fits <= 0) return
      this.#room -= fits
      this.#bytes += fits
      client.send(encodeConnection({ type: 'data', recipient, data: rest.subarray(0, fits) }))
      pending.bytes = rest.subarray(fits)
    }
    this.#pending = undefined
    pending.done()
  }
}
