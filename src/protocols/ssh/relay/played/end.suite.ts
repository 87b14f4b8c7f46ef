import { decodeConnection, type ConnectionMessage, encodeConnection } from '../../messages/connection.ts'
import type { SshTransport, TransportEvents } from '../../transport/transport.ts'

/** A message about a channel that who hears it has numbered. */
type ToChannel = Extract<ConnectionMessage, { readonly recipient: number }>

/** A channel as the end knows it that a test plays. */
export interface PlayedChannel {
  /** The number that the end gave it. */
  readonly id: number
  readonly kind: string
  /** The relay's number for it; undefined until the end has heard it. */
  relay: number | undefined
  /** The end knows that it is open. */
  open: boolean
  /** The relay knows that it is open, and may speak on it. */
  usable: boolean
  /** What the relay may still send, and in one message. */
  room: number
  readonly most: number
  /** What the end may still send. */
  may: number
  /** Requests of the end whose answer the relay owes. */
  questions: number
  /** What the relay has said. */
  readonly relaySaid: { eof: boolean; close: boolean }
  /** What the end has said, and heard. */
  readonly said: { eof: boolean; close: boolean }
  heardClose: boolean
  /** Something was started on it. */
  started: boolean
  /** Marks of data that came; of two channels they differ. */
  readonly marks: Set<number>
  marked: number
  /** Bytes of data that came. */
  got: number
}

const NOTHING = Buffer.alloc(0)
/** Marks are bytes that no words of ours hold. */
const MARKS = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0b, 0x0c, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
]

/**
 * One end of a relayed session, played by a test: keeps the books of RFC 4254 §5 on what the relay says and notes in `faults` where it
 * breaks them. What the relay says is heard in `hear`, as late as a test likes.
 */
export class PlayedEnd {
  readonly faults: string[] = []
  readonly channels = new Map<number, PlayedChannel>()
  /** Openings of the relay that the end has not answered, by its own number for the channel. */
  readonly asked: { channel: PlayedChannel; message: Extract<ConnectionMessage, { type: 'open' }> }[] = []
  /** Requests of the relay that the end has not answered, in order; those about the connection apart. */
  readonly owed: PlayedChannel[] = []
  readonly owedGlobals: string[] = []
  /** Every number that the relay has had for a channel. */
  readonly known = new Set<number>()
  /** Requests about the connection whose answer the relay owes. */
  questions = 0
  events: TransportEvents | undefined
  /** Looks at what the relay says when it says it. */
  watch: (message: ConnectionMessage, channel: PlayedChannel | undefined) => void = () => undefined
  /** The relay has ended the session. */
  gone = false
  readonly #name: string
  readonly #first: number
  readonly #inbox: ConnectionMessage[] = []
  #marks = 0

  /** `first`: where it begins to number channels; ends that used the same numbers would hide that they were exchanged. */
  constructor(name: string, first: number) {
    this.#name = name
    this.#first = first
  }

  /** What the relay has of this end; only what it uses. */
  readonly transport = {
    send: (head: Buffer, data: Buffer = NOTHING) => this.#said(Buffer.concat([head, data])),
    flush: () => undefined,
    unimplemented: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    backlog: 0,
    closed: false,
    peer: 'played',
    disconnect: () => {
      this.gone = true
      return Promise.resolve()
    },
  } as unknown as SshTransport

  #fault(what: string): void {
    this.faults.push(`to the ${this.#name}: ${what}`)
  }

  #said(payload: Buffer): void {
    if (this.gone) return this.#fault('a message behind the end')
    if ((payload[0] ?? 0) < 80) return
    const message = decodeConnection(payload)
    if (!message) return this.#fault(`message ${payload[0]}, which is none`)
    const channel = 'recipient' in message ? this.#judge(message) : undefined
    this.watch(message, channel)
    this.#inbox.push(message)
  }

  #judge(message: ToChannel): PlayedChannel | undefined {
    const channel = this.channels.get(message.recipient)
    if (!channel || channel.relaySaid.close) {
      this.#fault(`${message.type} on a channel that is ${channel ? 'closed' : 'none'}`)
      return undefined
    }
    const answers = message.type === 'confirmation' || message.type === 'open_failure'
    if (answers ? channel.usable || channel.relay !== undefined : !channel.usable) {
      this.#fault(`${message.type} on a channel that is ${answers ? 'open' : 'not open'}`)
      return undefined
    }
    switch (message.type) {
      case 'confirmation':
        channel.usable = true
        break
      case 'open_failure':
        channel.relaySaid.close = true
        break
      case 'data':
      case 'extended_data':
        channel.room -= message.data.length
        channel.got += message.data.length
        if (channel.room < 0) this.#fault('more data than the window allows')
        if (message.data.length > channel.most) this.#fault('more data than a packet may hold')
        if (channel.relaySaid.eof) this.#fault('data behind their end')
        for (const byte of message.data) {
          if (!MARKS.includes(byte)) continue
          channel.marks.add(byte)
          channel.marked++
        }
        if (channel.marks.size > 1) this.#fault('data of another channel')
        break
      case 'eof':
        if (channel.relaySaid.eof) this.#fault('a second end of data')
        channel.relaySaid.eof = true
        break
      case 'close':
        channel.relaySaid.close = true
        break
      case 'success':
      case 'failure':
        if (--channel.questions < 0) this.#fault('an answer to nothing')
        break
      default:
    }
    return channel
  }

  /** The end takes note of the oldest of what the relay has said. */
  hear(): boolean {
    const message = this.#inbox.shift()
    if (!message) return false
    const channel = 'recipient' in message ? this.channels.get(message.recipient) : undefined
    if ('sender' in message) this.known.add(message.sender)
    switch (message.type) {
      case 'open':
        this.asked.push({
          channel: this.#make(message.channel, message.sender, 0, message.maxPacket),
          message,
        })
        break
      case 'confirmation':
        if (channel) Object.assign(channel, { relay: message.sender, may: message.window, open: true })
        break
      case 'open_failure':
        this.channels.delete(message.recipient)
        break
      case 'window_adjust':
        if (channel) channel.may += message.bytes
        break
      case 'close':
        if (channel) this.#free(Object.assign(channel, { heardClose: true }))
        break
      case 'request':
        if (channel && message.wantReply) this.owed.push(channel)
        break
      case 'global_request':
        if (message.wantReply) this.owedGlobals.push(message.name)
        break
      case 'request_success':
      case 'request_failure':
        if (--this.questions < 0) this.#fault('an answer to nothing')
        break
      default:
    }
    return true
  }

  #make(kind: string, relay: number | undefined, room: number, most: number): PlayedChannel {
    let id = this.#first
    // As OpenSSH does: the lowest that is free, so numbers come back soon.
    while (this.channels.has(id)) id++
    const channel: PlayedChannel = {
      id,
      kind,
      relay,
      open: false,
      usable: false,
      room,
      most,
      may: 0,
      questions: 0,
      relaySaid: { eof: false, close: false },
      said: { eof: false, close: false },
      heardClose: false,
      started: false,
      marks: new Set(),
      marked: 0,
      got: 0,
    }
    this.channels.set(id, channel)
    return channel
  }

  #free(channel: PlayedChannel): void {
    if (channel.heardClose && channel.said.close && this.channels.get(channel.id) === channel)
      this.channels.delete(channel.id)
  }

  /** Anything at all, also what is no message. */
  say(message: ConnectionMessage | Buffer): void {
    if (this.gone) return
    this.events?.message(Buffer.isBuffer(message) ? message : encodeConnection(message))
  }

  ask(channel: string, window: number, data: Buffer, most = 32_768): PlayedChannel {
    const made = this.#make(channel, undefined, window, most)
    this.say({ type: 'open', channel, sender: made.id, window, maxPacket: most, data })
    return made
  }

  /** Answers the oldest opening of the relay. */
  answerOpening(granted: boolean, window: number): PlayedChannel | undefined {
    const next = this.asked.shift()
    if (!next) return undefined
    const { channel, message } = next
    if (granted) {
      Object.assign(channel, { room: window, may: message.window, open: true, usable: true })
      this.say({
        type: 'confirmation',
        recipient: message.sender,
        sender: channel.id,
        window,
        maxPacket: channel.most,
        data: NOTHING,
      })
      return channel
    }
    this.channels.delete(channel.id)
    this.say({ type: 'open_failure', recipient: message.sender, reason: 2, text: 'not here' })
    return undefined
  }

  /** Answers the oldest request of the relay on a channel that is still there. */
  answerRequest(granted: boolean): void {
    const channel = this.owed.shift()
    if (channel?.relay === undefined || channel.said.close) return
    this.say({ type: granted ? 'success' : 'failure', recipient: channel.relay })
  }

  /** A mark that no other channel of this end has had for long. */
  mark(): number {
    return MARKS[this.#marks++ % MARKS.length] as number
  }

  request(channel: PlayedChannel, name: string, data: Buffer, wantReply: boolean): void {
    if (wantReply) channel.questions++
    this.say({ type: 'request', recipient: channel.relay ?? 0, name, wantReply, data })
  }

  adjust(channel: PlayedChannel, bytes: number): void {
    channel.room += bytes
    this.say({ type: 'window_adjust', recipient: channel.relay ?? 0, bytes })
  }

  data(channel: PlayedChannel, mark: number, length: number): void {
    const bytes = Math.min(length, channel.may, channel.most)
    if (bytes === 0) return
    channel.may -= bytes
    this.say({ type: 'data', recipient: channel.relay ?? 0, data: Buffer.alloc(bytes, mark) })
  }

  eof(channel: PlayedChannel): void {
    channel.said.eof = true
    this.say({ type: 'eof', recipient: channel.relay ?? 0 })
  }

  close(channel: PlayedChannel): void {
    channel.said.close = true
    this.say({ type: 'close', recipient: channel.relay ?? 0 })
    this.#free(channel)
  }
}
