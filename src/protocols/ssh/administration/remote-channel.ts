import { MOST_DATA, STDERR } from '../messages/numbers.ts'
import type { ConnectionMessage } from '../messages/connection.ts'

/** What a command left behind. */
export interface Finished {
  /** Undefined when a signal ended it, or the channel closed without saying. */
  readonly code: number | undefined
  readonly signal: string | undefined
  readonly out: string
  readonly err: string
}

/** Kept of each stream; the rest is read and dropped. */
const KEPT_BYTES = 1_048_576
/** How much may be on its way to us. */
export const WINDOW = 262_144
export const MAX_PACKET = 32_768
const NOTHING = Buffer.alloc(0)

/** One channel of ours at a target (RFC 4254 §5): requests are answered in their order, input waits for the window. */
export class RemoteChannel {
  readonly finished: Promise<Finished>
  /** The first piece of its output; empty when there was none before its end. */
  readonly spoke: Promise<Buffer>
  readonly #recipient: number
  readonly #send: (message: ConnectionMessage) => void
  readonly #maxPacket: number
  readonly #asked: ((granted: boolean) => void)[] = []
  readonly #out: Buffer[] = []
  readonly #err: Buffer[] = []
  #window: number
  #input = NOTHING
  #ended = false
  #closed = false
  #unacknowledged = 0
  #code: number | undefined
  #signal: string | undefined
  #finish: (finished: Finished) => void = () => undefined
  #speak: (first: Buffer) => void = () => undefined

  constructor(
    recipient: number,
    window: number,
    maxPacket: number,
    send: (message: ConnectionMessage) => void,
  ) {
    this.#recipient = recipient
    this.#window = window
    this.#maxPacket = maxPacket
    this.#send = send
    this.finished = new Promise(resolve => (this.#finish = resolve))
    this.spoke = new Promise(resolve => (this.#speak = resolve))
  }

  /** Whether the target granted it; false as well when the channel closed first. */
  request(name: string, data: Buffer = NOTHING): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false)
    this.#send({ type: 'request', recipient: this.#recipient, name, wantReply: true, data })
    return new Promise(resolve => this.#asked.push(resolve))
  }

  /** What the command gets to read, by default all of it. */
  input(text: string | Buffer, more?: 'more follows'): void {
    this.#input = Buffer.concat([this.#input, Buffer.from(text)])
    this.#ended = more === undefined
    this.#flush()
  }

  close(): void {
    if (this.#closed) return
    this.#send({ type: 'close', recipient: this.#recipient })
    this.gone()
  }

  /** A message for this channel; true when it was the last. */
  receive(message: ConnectionMessage): boolean {
    switch (message.type) {
      case 'success':
      case 'failure':
        this.#asked.shift()?.(message.type === 'success')
        return false
      case 'window_adjust':
        this.#window += message.bytes
        this.#flush()
        return false
      case 'data':
        this.#speak(Buffer.from(message.data))
        this.#keep(this.#out, message.data)
        return false
      case 'extended_data':
        this.#keep(message.code === STDERR ? this.#err : [], message.data)
        return false
      case 'request':
        if (message.name === 'exit-status' && message.data.length >= 4)
          this.#code = message.data.readUInt32BE()
        if (message.name === 'exit-signal')
          this.#signal = message.data.subarray(4, 4 + message.data.readUInt32BE()).toString()
        if (message.wantReply) this.#send({ type: 'failure', recipient: this.#recipient })
        return false
      case 'close':
        this.close()
        return true
      default:
        return false
    }
  }

  /** The channel is over, with or without the target's word. */
  gone(): void {
    if (this.#closed) return
    this.#closed = true
    for (const answer of this.#asked.splice(0)) answer(false)
    this.#speak(NOTHING)
    const text = (pieces: Buffer[]) => Buffer.concat(pieces).toString()
    this.#finish({ code: this.#code, signal: this.#signal, out: text(this.#out), err: text(this.#err) })
  }

  #keep(pieces: Buffer[], data: Buffer): void {
    const kept = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (kept < KEPT_BYTES) pieces.push(Buffer.from(data.subarray(0, KEPT_BYTES - kept)))
    this.#unacknowledged += data.length
    if (this.#unacknowledged < WINDOW / 2) return
    this.#send({ type: 'window_adjust', recipient: this.#recipient, bytes: this.#unacknowledged })
    this.#unacknowledged = 0
  }

  #flush(): void {
    while (!this.#closed && this.#input.length > 0 && this.#window > 0) {
      const length = Math.min(this.#input.length, this.#window, this.#maxPacket, MOST_DATA)
      this.#send({ type: 'data', recipient: this.#recipient, data: this.#input.subarray(0, length) })
      this.#input = this.#input.subarray(length)
      this.#window -= length
    }
    if (this.#closed || !this.#ended || this.#input.length > 0) return
    this.#ended = false
    this.#send({ type: 'eof', recipient: this.#recipient })
  }
}
