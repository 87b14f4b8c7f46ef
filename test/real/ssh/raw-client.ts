import type { KeyObject } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import {
  type ConnectionMessage,
  decodeConnection,
  encodeConnection,
} from '../../../src/protocols/ssh/messages/connection.ts'
import { SshReader, SshWriter } from '../../../src/protocols/ssh/messages/fields.ts'
import { SSH } from '../../../src/protocols/ssh/messages/numbers.ts'
import { type RawClient, rawClient } from '../../../src/protocols/ssh/transport/raw-client.suite.ts'

const WINDOW = 1 << 20
const PACKET = 1 << 15

/** A channel that this client opened. */
export interface RawChannel {
  readonly id: number
  /** The other side's number for it, once confirmed. */
  theirs: number
  /** Bytes we may still send. */
  room: number
  state: 'asked' | 'open' | 'failed' | 'over'
  /** Why it was not opened. */
  why: string
  out: Buffer
  err: string
  status: number | undefined
  /** Answers to requests that wanted one, in order. */
  readonly answers: boolean[]
}

/** A client that says what a test wants said, message by message (RFC 4252, 4254). */
export class RawSshClient {
  readonly socket: Socket
  readonly #raw: RawClient
  /** Payloads of the login phase and connection messages without a channel, as they came. */
  readonly received: Buffer[] = []
  readonly channels: RawChannel[] = []
  /** Everything the person reads that is no output: banners and the words of a disconnect. */
  readonly words: string[] = []
  /** Output of a channel beyond about this many bytes is thrown away. */
  keep = 1 << 20
  closed = false
  #waiting: (() => void)[] = []

  private constructor(raw: RawClient, socket: Socket) {
    this.#raw = raw
    this.socket = socket
    void this.#listen()
    void raw.closed.then(said => {
      if (said !== '') this.words.push(said)
      this.#wake()
    })
    socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  static async connect(port: number, hostKey: Buffer): Promise<RawSshClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const raw = await rawClient(port, [hostKey], socket)
    await raw.toLogin()
    return new RawSshClient(raw, socket)
  }

  async #listen(): Promise<void> {
    for (;;) {
      const payload = await this.#raw.next().catch(() => undefined)
      if (!payload) return
      this.#hear(payload)
      this.#wake()
    }
  }

  get sessionId(): Buffer {
    return this.#raw.transport.sessionId
  }

  send(payload: Buffer): void {
    this.#raw.send(payload)
  }

  say(message: ConnectionMessage): void {
    this.send(encodeConnection(message))
  }

  /** Whether the login succeeded. */
  async proveKey(user: string, key: KeyObject): Promise<boolean> {
    this.send(this.#raw.signed(user, key))
    return this.#decided()
  }

  /** Whether the login succeeded, by keyboard-interactive (RFC 4256). */
  async proveSecret(user: string, secret: string): Promise<boolean> {
    const request = new SshWriter().uint8(SSH.userauthRequest).string(user).string('ssh-connection')
    this.send(request.string('keyboard-interactive').string('').string('').take())
    await this.heard(SSH.userauthInfoRequest)
    this.send(new SshWriter().uint8(SSH.userauthInfoResponse).uint32(1).string(secret).take())
    return this.#decided()
  }

  async #decided(): Promise<boolean> {
    const answer = await this.heard(SSH.userauthSuccess, SSH.userauthFailure)
    return answer[0] === SSH.userauthSuccess
  }

  /** The first message of these kinds that nobody has asked for yet. */
  async heard(...kinds: readonly number[]): Promise<Buffer> {
    const find = (): number => this.received.findIndex(one => kinds.includes(one[0] ?? 0))
    await this.until(() => find() >= 0)
    const [found] = this.received.splice(find(), 1)
    return found as Buffer
  }

  /** Waits until something holds; throws what the gateway said when the connection ends before. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.closed) throw new Error(this.words.join('\n') || 'the connection was closed')
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  /** A session channel that takes `window` bytes at once; throws the words of a refusal. */
  async open(window = WINDOW): Promise<RawChannel> {
    const channel: RawChannel = {
      id: this.channels.length,
      theirs: 0,
      room: 0,
      state: 'asked',
      why: '',
      out: Buffer.alloc(0),
      err: '',
      status: undefined,
      answers: [],
    }
    this.channels.push(channel)
    this.send(openSession(channel.id, window))
    await this.until(() => channel.state !== 'asked')
    if (channel.state === 'failed') throw new Error(channel.why)
    return channel
  }

  /** Asks for a command or a subsystem on a fresh channel; resolves when that was answered. */
  async start(kind: 'exec' | 'subsystem', what: string, window?: number): Promise<RawChannel> {
    const channel = await this.open(window)
    this.send(startRequest(channel.theirs, kind, what))
    await this.until(() => channel.answers.length > 0 || channel.state === 'over')
    return channel
  }

  /** Whether a request on a channel was granted (RFC 4254 §5.4). */
  async ask(channel: RawChannel, name: string, data: Buffer = Buffer.alloc(0)): Promise<boolean> {
    const before = channel.answers.length
    this.say({ type: 'request', recipient: channel.theirs, name, wantReply: true, data })
    await this.until(() => channel.answers.length > before)
    return channel.answers[before] as boolean
  }

  /** Sends all of it, as the window opens. */
  async pourAll(channel: RawChannel, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      await this.until(() => channel.room > 0)
      at += this.pour(channel, bytes.subarray(at))
      if (channel.state === 'over') throw new Error('the channel ended before it had taken all')
    }
  }

  /** Sends what the window has room for; the number of bytes that went. */
  pour(channel: RawChannel, bytes: Buffer): number {
    const fits = channel.state === 'open' ? Math.min(channel.room, bytes.length, PACKET) : 0
    if (fits > 0) {
      channel.room -= fits
      this.say({ type: 'data', recipient: channel.theirs, data: bytes.subarray(0, fits) })
    }
    return fits
  }

  #hear(payload: Buffer): void {
    const kind = payload[0] ?? 0
    if (kind === SSH.userauthBanner) {
      this.words.push(new SshReader(payload, 1).text())
      return
    }
    const message = kind >= SSH.globalRequest ? decodeConnection(payload) : undefined
    if (!message || !('recipient' in message)) {
      this.received.push(payload)
      return
    }
    const channel = this.channels[message.recipient]
    if (channel) this.#onChannel(channel, message)
    else this.received.push(payload)
  }

  #onChannel(channel: RawChannel, message: ConnectionMessage): void {
    switch (message.type) {
      case 'confirmation':
        channel.theirs = message.sender
        channel.room = message.window
        channel.state = 'open'
        return
      case 'open_failure':
        channel.why = message.text
        channel.state = 'failed'
        return
      case 'window_adjust':
        channel.room += message.bytes
        return
      case 'data':
      case 'extended_data': {
        if (message.type === 'extended_data') channel.err += message.data.toString()
        else if (channel.out.length < this.keep) channel.out = Buffer.concat([channel.out, message.data])
        this.say({ type: 'window_adjust', recipient: channel.theirs, bytes: message.data.length })
        return
      }
      case 'success':
      case 'failure':
        channel.answers.push(message.type === 'success')
        return
      case 'request':
        if (message.name === 'exit-status') channel.status = new SshReader(message.data).uint32()
        if (message.wantReply) this.say({ type: 'failure', recipient: channel.theirs })
        return
      case 'close':
        if (channel.state !== 'over') this.say({ type: 'close', recipient: channel.theirs })
        channel.state = 'over'
        return
      default:
        return
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

export function openSession(sender: number, window = WINDOW): Buffer {
  const [channel, data] = ['session', Buffer.alloc(0)]
  return encodeConnection({ type: 'open', channel, sender, window, maxPacket: PACKET, data })
}

export function startRequest(recipient: number, kind: 'exec' | 'subsystem', what: string): Buffer {
  const data = new SshWriter().string(what).take()
  return encodeConnection({ type: 'request', recipient, name: kind, wantReply: true, data })
}
