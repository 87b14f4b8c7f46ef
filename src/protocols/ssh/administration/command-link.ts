import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../../../kernel/faults.ts'
import type { TargetLink } from '../dial/target-link.ts'
import { type ConnectionMessage, decodeConnection, encodeConnection } from '../messages/connection.ts'
import { SshWriter } from '../messages/fields.ts'
import { OPEN_FAILURE } from '../messages/numbers.ts'
import { type Finished, MAX_PACKET, RemoteChannel, WINDOW } from './remote-channel.ts'

export interface Opened {
  readonly channel: RemoteChannel | undefined
  /** The target's words when it did not open it. */
  readonly refused: string
  /** Its reason (RFC 4254 §5.1); 0 when the connection was lost. */
  readonly reason: number
}

const NOTHING = Buffer.alloc(0)
/** How long a session that is over may keep its place at the target. */
const PLACE_MS = 5000
const ASK_AGAIN_MS = 20

/**
 * A connection of our own to a target, for control and checks: runs commands, asks for channels. The target may open nothing
 * towards us. Owns the link.
 */
export class CommandLink {
  readonly #link: TargetLink
  readonly #opening = new Map<number, (opened: Opened) => void>()
  readonly #channels = new Map<number, RemoteChannel>()
  readonly #asked: ((answered: boolean) => void)[] = []
  #next = 0
  #hadChannel = false
  #closed = false

  constructor(link: TargetLink) {
    this.#link = link
    link.attach({
      ready: () => undefined,
      message: payload => this.#receive(payload),
      closed: () => this.#lost(),
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** What the target calls its software: `OpenSSH_9.2p1`. */
  get peer(): string {
    return this.#link.transport.peer
  }

  /** Opens a channel, by default a session (RFC 4254 §6.1). */
  open(kind = 'session', data: Buffer = NOTHING): Promise<Opened> {
    if (this.#closed)
      return Promise.resolve({ channel: undefined, refused: 'the connection is closed', reason: 0 })
    const sender = this.#next++
    return new Promise(resolve => {
      this.#opening.set(sender, resolve)
      this.#send({ type: 'open', channel: kind, sender, window: WINDOW, maxPacket: MAX_PACKET, data })
    })
  }

  /**
   * Opens a session. Where one was open before, a refusal is asked again for a while: sshd counts a session until it has reaped its
   * process, which may be after its channel has closed, and with MaxSessions 1 nothing is opened until then.
   */
  async session(): Promise<Opened> {
    const end = performance.now() + PLACE_MS
    let opened = await this.open()
    while (!opened.channel && this.#hadChannel && !this.#closed && performance.now() < end) {
      await pause(ASK_AGAIN_MS)
      opened = await this.open()
    }
    return opened
  }

  /**
   * Runs one command with `input` on its standard input. Fault `target.unreachable` when the target does not let it begin, or it is
   * not finished within `timeoutMs`; what it began may run on then.
   */
  async run(command: string, input: string, timeoutMs: number): Promise<Finished> {
    let channel: RemoteChannel | undefined
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>(resolve => (timer = setTimeout(resolve, timeoutMs, undefined)))
    const finished = async (): Promise<Finished> => {
      const opened = await this.session()
      channel = opened.channel
      if (!channel) throw new Fault('target.unreachable', `no channel for a command: ${opened.refused}`)
      if (!(await channel.request('exec', new SshWriter().string(command).take()))) {
        throw new Fault('target.unreachable', 'the command was not started')
      }
      channel.input(input)
      return channel.finished
    }
    try {
      const result = await Promise.race([finished(), late])
      if (!result)
        throw new Fault('target.unreachable', `a command of ours did not end within ${timeoutMs / 1000} s`)
      return result
    } finally {
      clearTimeout(timer)
      channel?.close()
    }
  }

  /** Whether the target still answers; a question that it does not know is answered as well (RFC 4254 §4). */
  async answers(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>(resolve => (timer = setTimeout(resolve, timeoutMs, false)))
    const answer = new Promise<boolean>(resolve => this.#asked.push(resolve))
    this.#send({ type: 'global_request', name: 'keepalive@openssh.com', wantReply: true, data: NOTHING })
    const answered = await Promise.race([answer, late])
    clearTimeout(timer)
    return answered && !this.#closed
  }

  close(): void {
    this.#link.transport.destroy()
    this.#lost()
  }

  #receive(payload: Buffer): void {
    let message: ConnectionMessage | undefined
    try {
      message = decodeConnection(payload)
    } catch {
      return this.close()
    }
    if (!message) return this.#link.transport.unimplemented()
    switch (message.type) {
      case 'global_request':
        if (message.wantReply) this.#send({ type: 'request_failure' })
        return
      case 'open': {
        const reason = OPEN_FAILURE.administrativelyProhibited
        return this.#send({
          type: 'open_failure',
          recipient: message.sender,
          reason,
          text: 'nothing is opened here',
        })
      }
      case 'confirmation':
      case 'open_failure':
        return this.#opened(message)
      case 'request_success':
      case 'request_failure':
        this.#asked.shift()?.(true)
        return
      default:
        if (this.#channels.get(message.recipient)?.receive(message)) this.#channels.delete(message.recipient)
    }
  }

  #opened(message: Extract<ConnectionMessage, { type: 'confirmation' | 'open_failure' }>): void {
    const resolve = this.#opening.get(message.recipient)
    this.#opening.delete(message.recipient)
    if (!resolve) return
    if (message.type === 'open_failure')
      return resolve({ channel: undefined, refused: message.text, reason: message.reason })
    const { sender, window, maxPacket } = message
    const channel = new RemoteChannel(sender, window, maxPacket, next => this.#send(next))
    this.#channels.set(message.recipient, channel)
    this.#hadChannel = true
    resolve({ channel, refused: '', reason: 0 })
  }

  #send(message: ConnectionMessage): void {
    if (!this.#closed) this.#link.transport.send(encodeConnection(message))
  }

  #lost(): void {
    if (this.#closed) return
    this.#closed = true
    for (const resolve of this.#opening.values())
      resolve({ channel: undefined, refused: 'the connection was lost', reason: 0 })
    for (const channel of this.#channels.values()) channel.gone()
    for (const answer of this.#asked.splice(0)) answer(false)
    this.#opening.clear()
    this.#channels.clear()
  }
}
