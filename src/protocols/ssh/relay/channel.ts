import { Fault } from '../../../kernel/faults.ts'
import { encodeConnection, type OnChannel } from '../messages/connection.ts'
import { MOST_DATA, SSH, STDERR } from '../messages/numbers.ts'
import type { SshTransport } from '../transport/transport.ts'
import type { Flow } from './flow.ts'
import { GatheredBytes } from '../../../wire/gathered-bytes.ts'
import { ReplyOrder, type Slot } from './reply-order.ts'
import type { Preparation } from './session-requests.ts'
import { OutwardWindow, widened } from './window.ts'

/** Words of ours that wait for room in the client's window; a client that never reads ends its session. */
const MOST_UNSAID = 1024 * 1024
/** Messages of the client that wait behind evidence, data apart, which its window bounds. */
const MOST_WAITING = 512

export interface Ends {
  readonly client: SshTransport
  readonly target: SshTransport
}

/** A message on a channel; whoever sends it knows how the other side numbers that. */
export type Said = OnChannel extends infer One
  ? One extends OnChannel
    ? Omit<One, 'recipient'>
    : never
  : never

type Side = 'client' | 'target'

/** How one side numbers a channel and how large its packets may be. */
export interface End {
  readonly id: number
  readonly maxPacket: number
}

/**
 * One channel of the client joined to one of the target. Towards both sides it has the same number of ours. Windows pass through from end
 * to end, so neither side is ever sent more than it takes and little waits here; what does is bounded by them.
 */
export class Channel {
  readonly id: number
  /** `session`, `direct-tcpip`, … (RFC 4254 §5.1). */
  readonly kind: string
  readonly preparation: Preparation = { terminal: undefined, env: [] }
  readonly replies: ReplyOrder<Said>
  flow: Flow | undefined
  /** A program is being judged or runs; a session channel has one (RFC 4254 §6.5). */
  started = false
  /** The target opened it: an agent, a display, a connection to a port it listens on for the client. */
  byTarget = false
  /** What was asked for and permitted on this channel: `agent_forwarding`, `x11_forwarding`. */
  readonly allowed = new Set<string>()
  /** Told to the person once something runs. */
  readonly owedWords: string[] = []
  readonly #ends: Ends
  #client: End | undefined
  #target: End | undefined
  #outward: OutwardWindow
  /** What the client may still send: the target's window. */
  #inward = 0
  #unsaid: { readonly stderr: boolean; readonly bytes: Buffer }[] = []
  #unsaidBytes = 0
  readonly #expected: Slot<Said>[] = []
  /** Questions of the target that the client has not answered. */
  #asked = 0
  readonly #waiting: (() => void | Promise<void>)[] = []
  /** The data at the end of what waits, while nothing else has come behind them. */
  #gathering: GatheredBytes | undefined
  #busy = false
  /** Who has said that no data follow. */
  readonly #noMoreData = { client: false, target: false }
  /** To whom we have said that no data follow, and that the channel is closed. */
  readonly #ended = { client: false, target: false }
  readonly #closed = { client: false, target: false }
  readonly #onGone: () => void
  /** Ends the session: one side broke the protocol, or we failed. */
  readonly fault: (cause: unknown) => void

  constructor(
    id: number,
    kind: string,
    ends: Ends,
    on: { readonly gone: () => void; readonly fault: (cause: unknown) => void },
  ) {
    this.id = id
    this.kind = kind
    this.#ends = ends
    this.#outward = new OutwardWindow(0)
    this.#onGone = on.gone
    this.fault = on.fault
    this.replies = new ReplyOrder(answer => void this.tell('client', answer))
  }

  get open(): boolean {
    return this.#client !== undefined && this.#target !== undefined
  }

  /** How the client numbers it. */
  get clientId(): number {
    return this.#client?.id ?? 0
  }

  /** How the target numbers it. */
  get targetId(): number {
    return this.#target?.id ?? 0
  }

  /**
   * Sends this to one side. False: nothing was sent, as we have closed the channel there, or it is not open yet. By then the number may be
   * another channel's (RFC 4254 §5.3).
   */
  tell(side: Side, message: Said): boolean {
    const end = side === 'client' ? this.#client : this.#target
    if (!this.open || !end || this.#closed[side]) return false
    this.#ends[side].send(encodeConnection({ ...message, recipient: end.id }))
    return true
  }

  /** The client's side of it; `answers`: requests that run through it may be answered by us (OutwardWindow). Returns the window to grant to the target. */
  joinClient(end: End, window: number, answers: boolean): number {
    if (end.maxPacket < 1) throw new Fault('protocol.violation', 'a client that takes no data')
    this.#client = { ...end, maxPacket: Math.min(end.maxPacket, MOST_DATA) }
    this.#outward = new OutwardWindow(window, answers)
    return this.#outward.granted
  }

  joinTarget(end: End, window: number): void {
    if (end.maxPacket < 1) throw new Fault('protocol.violation', 'a target that takes no data')
    this.#target = { ...end, maxPacket: Math.min(end.maxPacket, MOST_DATA) }
    this.#inward = window
  }

  /** The next answer of the target on this channel is the client's. */
  expectFromTarget(): void {
    this.#expected.push(this.replies.expect())
  }

  /** The target answers its oldest question. */
  targetAnswered(type: 'success' | 'failure'): void {
    const slot = this.#expected.shift()
    if (!slot) throw new Fault('protocol.violation', 'the target answers what was not asked')
    this.replies.answer(slot, { type })
  }

  /** A question of the target, which the client answers. */
  askClient(request: Extract<Said, { type: 'request' }>): void {
    if (this.tell('client', request) && request.wantReply) this.#asked++
  }

  /** The client answers the oldest question of the target. */
  clientAnswered(type: 'success' | 'failure'): void {
    if (this.#asked === 0) throw new Fault('protocol.violation', 'the client answers what was not asked')
    this.#asked--
    this.tell('target', { type })
  }

  /** Does one thing after the other as the client said them, the next when the evidence of the one before is there. */
  inOrder(step: () => void | Promise<void>): void {
    if (this.#busy) {
      this.#gathering = undefined
      this.#waiting.push(step)
      if (this.#waiting.length > MOST_WAITING)
        throw new Fault('protocol.violation', 'too much at once on a channel')
      return
    }
    const wait = step()
    if (wait) this.#await(wait)
  }

  /** Data of the client in their turn. What comes while it waits becomes one piece: its window bounds the bytes, whatever they came in. */
  dataInOrder(data: Buffer, take: (data: Buffer) => void | Promise<void>): void {
    if (!this.#busy) return this.inOrder(() => take(data))
    if (this.#gathering) return this.#gathering.add(data)
    const gathered = new GatheredBytes(data)
    this.inOrder(() => {
      if (this.#gathering === gathered) this.#gathering = undefined
      return take(gathered.bytes)
    })
    this.#gathering = gathered
  }

  #await(wait: Promise<void>): void {
    this.#busy = true
    wait.then(
      () => {
        this.#busy = false
        try {
          while (!this.#busy && this.#waiting.length > 0) this.inOrder(this.#waiting.shift() as () => void)
        } catch (cause) {
          this.fault(cause)
        }
      },
      (cause: unknown) => this.fault(cause),
    )
  }

  /** Bytes that the client sent, counted when they come. */
  received(bytes: number): void {
    if (this.#noMoreData.client) throw new Fault('protocol.violation', 'data behind the end of data')
    this.#inward -= bytes
    if (this.#inward < 0) throw new Fault('protocol.violation', 'more data than the window allows')
  }

  toTarget(bytes: Buffer): void {
    const target = this.#target
    if (!target || this.#closed.target) return
    for (let at = 0; at < bytes.length; at += target.maxPacket)
      sendData(this.#ends.target, target.id, bytes.subarray(at, at + target.maxPacket))
  }

  /** Client bytes that go no further: their room is given back. */
  swallowed(bytes: number): void {
    this.#inward += bytes
    this.tell('client', { type: 'window_adjust', bytes })
  }

  targetAdjusted(bytes: number): void {
    this.#inward = widened(this.#inward, bytes)
    this.tell('client', { type: 'window_adjust', bytes })
  }

  /** Bytes of the target as they came. */
  toClient(bytes: Buffer, stderr: boolean): void {
    const client = this.#client
    if (!client || this.mute) return
    for (let at = 0; at < bytes.length; at += client.maxPacket) {
      const data = bytes.subarray(at, at + client.maxPacket)
      if (stderr) this.tell('client', { type: 'extended_data', code: STDERR, data })
      else sendData(this.#ends.client, client.id, data)
    }
  }

  /** A side says that no data follow. */
  endsData(side: Side): void {
    this.#noMoreData[side] = true
  }

  /** The target sent this much. */
  passed(bytes: number): void {
    if (this.#noMoreData.target) throw new Fault('protocol.violation', 'data of the target behind their end')
    if (!this.#outward.passed(bytes))
      throw new Fault('protocol.violation', 'the target sent more data than the window allows')
  }

  clientAdjusted(bytes: number): void {
    const granted = this.#outward.adjust(bytes)
    this.#sayUnsaid()
    this.flow?.clientHasRoom?.()
    if (granted > 0) this.tell('target', { type: 'window_adjust', bytes: granted })
  }

  /** No data reach the client any more, and so no words of ours. */
  get mute(): boolean {
    return this.#ended.client || this.#closed.client
  }

  /** Words of ours, as soon as the client has room for them. */
  say(bytes: Buffer, stderr: boolean): void {
    if (bytes.length === 0 || this.mute) return
    this.#unsaidBytes += bytes.length
    if (this.#unsaidBytes > MOST_UNSAID)
      throw new Fault('protocol.violation', 'the client does not take what it is told')
    this.#unsaid.push({ stderr, bytes })
    this.#sayUnsaid()
  }

  /**
   * Bytes of ours that must follow what was sent so far, whole and at once. False: there is no room for them, nothing was sent. Where nobody is
   * left to read them they are done.
   */
  sayNow(bytes: Buffer): boolean {
    if (this.mute) return true
    if (this.#unsaid.length > 0 || this.#outward.free < bytes.length) return false
    this.say(bytes, false)
    return true
  }

  /** All our words so far are on their way. */
  get saidAll(): boolean {
    return this.#unsaid.length === 0 && !this.mute
  }

  #sayUnsaid(): void {
    if (this.mute) return
    for (;;) {
      const next = this.#unsaid[0]
      const fits = Math.min(next?.bytes.length ?? 0, this.#outward.free)
      if (!next || fits <= 0) return
      this.toClient(next.bytes.subarray(0, fits), next.stderr)
      this.#outward.said(fits)
      this.#unsaidBytes -= fits
      if (fits === next.bytes.length) this.#unsaid.shift()
      else this.#unsaid[0] = { ...next, bytes: next.bytes.subarray(fits) }
    }
  }

  eofToTarget(): void {
    if (this.#ended.target) return
    this.#ended.target = true
    this.tell('target', { type: 'eof' })
  }

  /** What could not be said by now is not said any more. */
  eofToClient(): void {
    if (this.#ended.client) return
    this.#ended.client = true
    this.tell('client', { type: 'eof' })
  }

  closeToTarget(): void {
    if (this.#closed.target) return
    this.tell('target', { type: 'close' })
    this.#closed.target = true
    this.#settle()
  }

  closeToClient(): void {
    if (this.#closed.client) return
    this.tell('client', { type: 'close' })
    this.#closed.client = true
    this.#settle()
  }

  /** Who has closed it: what a side says behind that is nobody's. */
  readonly left = { client: false, target: false }

  clientClosed(): void {
    this.closeToTarget()
    this.#settle()
  }

  targetClosed(): void {
    this.closeToClient()
    this.#settle()
  }

  /** Both sides have said and heard the end (RFC 4254 §5.3): the number is free. */
  #settle(): void {
    const { left } = this
    if (left.client && left.target && this.#closed.client && this.#closed.target) this.over()
  }

  #over = false

  /** Records the outcome of what ran; once. */
  over(): void {
    if (this.#over) return
    this.#over = true
    try {
      this.flow?.closed()
    } catch (cause) {
      this.fault(cause)
    }
    this.#onGone()
  }
}

/** SSH_MSG_CHANNEL_DATA without a copy of its own: this is what nearly all of the traffic is. */
function sendData(to: SshTransport, recipient: number, data: Buffer): void {
  const head = Buffer.allocUnsafe(9)
  head[0] = SSH.channelData
  head.writeUInt32BE(recipient, 1)
  head.writeUInt32BE(data.length, 5)
  to.send(head, data)
}
