import { refusesFiles } from '../sftp/file-rules.ts'
import { Fault } from '../../../kernel/faults.ts'
import type { Action } from '../../../target/action.ts'
import type { Destination } from '../inspect/destination.ts'
import { judgeForward } from '../inspect/judge-forward.ts'
import { judgeOpening, judgeRequest } from '../inspect/judge-request.ts'
import {
  type ChannelConfirmation,
  type ChannelOpen,
  type ConnectionMessage,
  encodeConnection,
} from '../messages/connection.ts'
import { MOST_DATA, OPEN_FAILURE } from '../messages/numbers.ts'
import { Channel } from './channel.ts'
import { objectionWords, type RelayContext, refusalWords, submitThen } from './context.ts'
import { Forward } from './forward.ts'
import type { ListeningPlaces } from './listening-places.ts'
import { isJump, JUMP_PACKET, JUMP_WINDOW, JumpStream } from './jump.ts'
import { LOGIN_VARIABLE } from '../dial/login-variable.ts'
import {
  describe,
  readDirectStreamlocal,
  readDirectTcpip,
  readForwarded,
  writeEnv,
} from './session-requests.ts'

/** Channels at once in one connection; sshd allows ten programs by default, forwards are many at times. */
const MOST_CHANNELS = 256
/** Sentences that wait for a program to be said in. */
const MOST_OWED = 8

/** The channels of one connection, by our number for them. Opens them in both directions and forgets them when both sides are done. */
export class Channels {
  readonly #context: RelayContext
  readonly #places: ListeningPlaces
  readonly #fault: (cause: unknown) => void
  readonly #open = new Map<number, Channel>()
  readonly #jumps = new Map<number, JumpStream>()
  /** Judged but not yet decided. */
  #deciding = 0
  #next = 0
  /** How often, by what is counted together. */
  readonly #refused = new Map<string, number>()
  /** Nothing runs yet in which they could be said; the same words once. */
  readonly #owedWords = new Set<string>()

  constructor(context: RelayContext, places: ListeningPlaces, fault: (cause: unknown) => void) {
    this.#context = context
    this.#places = places
    this.#fault = fault
  }

  all(): Channel[] {
    return [...this.#open.values()]
  }

  /** The channel that a side speaks on; both have opened it. */
  of(id: number): Channel {
    const channel = this.#open.get(id)
    if (!channel?.open)
      throw new Fault('protocol.violation', `a message for channel ${id}, which is not open`)
    return channel
  }

  notice(text: string): void {
    for (const channel of this.#open.values()) channel.flow?.notice?.(text)
  }

  /** Words about what was asked of the whole connection: said in the programs that run, or else in the next one. */
  tell(words: string): void {
    const hearing = this.all().flatMap(({ flow }) => (flow?.notice === undefined ? [] : [flow]))
    for (const flow of hearing) flow.notice?.(words)
    if (hearing.length === 0 && this.#owedWords.size < MOST_OWED) this.#owedWords.add(words)
  }

  /** True: somebody reads it. */
  farewell(text: string): boolean {
    return this.all().filter(channel => channel.flow?.farewell?.(text)).length > 0
  }

  over(): void {
    for (const channel of this.all()) channel.over()
    for (const jump of this.#jumps.values()) jump.destroy()
  }

  openForClient(message: ChannelOpen): void {
    if (this.#open.size + this.#jumps.size + this.#deciding >= MOST_CHANNELS)
      return this.#turnAway(message, 'too_many_channels', OPEN_FAILURE.resourceShortage)
    switch (message.channel) {
      case 'session':
        if (this.noMoreSessions)
          return this.#turnAway(message, 'no_more_sessions', OPEN_FAILURE.administrativelyProhibited)
        this.#pass(message)
        return
      case 'direct-tcpip':
        return this.#forward(message, readDirectTcpip(message.data))
      case 'direct-streamlocal@openssh.com':
        return this.#forward(message, readDirectStreamlocal(message.data))
      default:
        return this.#unknown(message)
    }
  }

  /** Asks the target for the same channel, with what we leave it of the client's window. */
  #pass(message: ChannelOpen): Channel {
    const channel = this.#make(message.channel)
    if (message.channel === 'session') {
      channel.owedWords.push(...this.#owedWords)
      this.#owedWords.clear()
    }
    const end = { id: message.sender, maxPacket: message.maxPacket }
    const window = channel.joinClient(end, message.window, refusesFiles(this.#context.guard.rules))
    this.#context.ends.target.send(
      encodeConnection({ ...message, sender: channel.id, window, maxPacket: fitting(message) }),
    )
    return channel
  }

  #forward(message: ChannelOpen, destination: Destination): void {
    const { guard, now } = this.#context
    const jumps = isJump(destination, this.#context)
    const action = {
      kind: jumps ? 'jump' : 'forward',
      verbs: [],
      writes: !jumps,
      text: describe(destination),
      objections: jumps ? [] : judgeForward(destination, guard.rules),
    }
    this.#deciding++
    this.#decided(
      submitThen(this.#context, action, permit => {
        this.#deciding--
        if (!permit.forward)
          return this.#refuseClient(
            message,
            OPEN_FAILURE.administrativelyProhibited,
            refusalWords(permit, guard.rules),
          )
        if (jumps) return this.#jump(message, permit.seq)
        const channel = this.#pass(message)
        channel.flow = new Forward(permit.seq, channel, guard, now)
      }),
    )
  }

  #jump({ sender, window, maxPacket }: ChannelOpen, seq: number): void {
    const { guard, ends, now } = this.#context
    const id = this.#next++
    const began = now()
    const stream = new JumpStream({
      client: ends.client,
      recipient: sender,
      window,
      maxPacket,
      guard,
      over: bytes => guard.finish(seq, { rows: 0, bytes, ms: now() - began, cut: false }),
    })
    this.#jumps.set(id, stream)
    const [granted, data] = [JUMP_WINDOW, Buffer.alloc(0)]
    ends.client.send(
      encodeConnection({
        type: 'confirmation',
        recipient: sender,
        sender: id,
        window: granted,
        maxPacket: JUMP_PACKET,
        data,
      }),
    )
    guard.connection(stream)
  }

  /** True: the message was for a connection inside. */
  jumped(message: Exclude<ConnectionMessage, { type: 'open' }> & { readonly recipient: number }): boolean {
    const stream = this.#jumps.get(message.recipient)
    if (!stream) return false
    switch (message.type) {
      case 'data':
        stream.received(message.data)
        return true
      case 'window_adjust':
        stream.adjust(message.bytes)
        return true
      case 'eof':
        stream.receivedEnd()
        return true
      case 'close':
        this.#jumps.delete(message.recipient)
        stream.destroy()
        return true
      case 'request':
        if (message.wantReply) stream.refuse()
        return true
      default:
        return true
    }
  }

  /** Refused for what is open or was said before, whatever it is. A client that goes on asking stands in the record at each doubling. */
  #turnAway(message: ChannelOpen, rule: 'too_many_channels' | 'no_more_sessions', reason: number): void {
    const objection = judgeOpening(rule)
    this.#recordAtDoublings({ ...opening(message), objections: [objection] }, rule)
    this.#refuseClient(message, reason, objectionWords(objection, this.#context.guard.rules))
  }

  /** What is refused again and again, counted by `name`: the first, the second, the fourth, … time. */
  #recordAtDoublings(refused: Action, name: string): void {
    const times = (this.#refused.get(name) ?? 0) + 1
    this.#refused.set(name, times)
    if (!Number.isInteger(Math.log2(times))) return
    void this.#context.guard.submit({ ...refused, ...(times > 1 && { detail: { times } }) })
  }

  #unknown(message: ChannelOpen): void {
    const { guard } = this.#context
    const action = { ...opening(message), objections: judgeRequest('channel', guard.rules) }
    this.#decided(
      submitThen(this.#context, action, permit =>
        this.#refuseClient(message, OPEN_FAILURE.unknownChannelType, refusalWords(permit, guard.rules)),
      ),
    )
  }

  #decided(wait: void | Promise<void>): void {
    if (wait) wait.catch(this.#fault)
  }

  #refuseClient({ sender }: ChannelOpen, reason: number, text: string): void {
    const { client } = this.#context.ends
    client.send(encodeConnection({ type: 'open_failure', recipient: sender, reason, text }))
  }

  targetConfirmed({ recipient, sender, window, maxPacket, data }: ChannelConfirmation): void {
    const channel = this.#opening(recipient, false)
    channel.joinTarget({ id: sender, maxPacket }, window)
    const { client, target } = this.#context.ends
    client.send(
      encodeConnection({
        type: 'confirmation',
        recipient: channel.clientId,
        sender: channel.id,
        window,
        maxPacket: fitting({ maxPacket }),
        data,
      }),
    )
    if (channel.kind === 'session')
      target.send(
        encodeConnection({
          type: 'request',
          recipient: sender,
          name: 'env',
          wantReply: false,
          data: writeEnv(LOGIN_VARIABLE, this.#context.login),
        }),
      )
  }

  targetRefused(message: Extract<ConnectionMessage, { type: 'open_failure' }>): void {
    const channel = this.#opening(message.recipient, false)
    if (channel.flow instanceof Forward) channel.flow.failed(message.text)
    this.#context.ends.client.send(encodeConnection({ ...message, recipient: channel.clientId }))
    channel.over()
  }

  /** What the target opens is what the client asked for and was permitted: nothing else. */
  openForTarget(message: ChannelOpen): void {
    const { guard, ends, now } = this.#context
    const right = NEEDS[message.channel]
    const place = readForwarded(message)
    const asked = place
      ? this.#places.covers(place)
      : this.all().some(({ allowed }) => right !== undefined && allowed.has(right))
    const unasked = right === undefined || !asked
    if (unasked || this.#open.size >= MOST_CHANNELS) {
      const refused = opening(message)
      const text = place ? `${refused.text} ${describe(place)}` : refused.text
      const objections = [judgeOpening(unasked ? 'unasked_channel' : 'too_many_channels')]
      this.#recordAtDoublings({ ...refused, text, objections }, `${right ?? 'anything else'} by the target`)
      const reason = OPEN_FAILURE.administrativelyProhibited
      ends.target.send(
        encodeConnection({ type: 'open_failure', recipient: message.sender, reason, text: 'not permitted' }),
      )
      return
    }
    const action = {
      kind: `${right}_channel`,
      verbs: [],
      writes: false,
      ...(place && { text: describe(place) }),
      objections: [],
    }
    this.#decided(
      submitThen(this.#context, action, permit => {
        if (!permit.forward) return
        if (place) this.#places.connected(place)
        const channel = this.#make(message.channel)
        channel.joinTarget({ id: message.sender, maxPacket: message.maxPacket }, message.window)
        channel.flow = new Forward(permit.seq, channel, guard, now)
        channel.byTarget = true
        ends.client.send(encodeConnection({ ...message, sender: channel.id, maxPacket: fitting(message) }))
      }),
    )
  }

  /** The client will open no further program (no-more-sessions@openssh.com). */
  noMoreSessions = false

  clientConfirmed({ recipient, sender, window, maxPacket, data }: ChannelConfirmation): void {
    const channel = this.#opening(recipient, true)
    const granted = channel.joinClient({ id: sender, maxPacket }, window, false)
    const { target } = this.#context.ends
    target.send(
      encodeConnection({
        type: 'confirmation',
        recipient: channel.targetId,
        sender: channel.id,
        window: granted,
        maxPacket: fitting({ maxPacket }),
        data,
      }),
    )
  }

  clientRefused(message: Extract<ConnectionMessage, { type: 'open_failure' }>): void {
    const channel = this.#opening(message.recipient, true)
    if (channel.flow instanceof Forward) channel.flow.failed(message.text)
    this.#context.ends.target.send(encodeConnection({ ...message, recipient: channel.targetId }))
    channel.over()
  }

  #opening(id: number, byTarget: boolean): Channel {
    const channel = this.#open.get(id)
    if (channel?.byTarget !== byTarget || channel.open)
      throw new Fault('protocol.violation', 'an answer to an opening that is none')
    return channel
  }

  #make(kind: string): Channel {
    const id = this.#next++
    const channel = new Channel(id, kind, this.#context.ends, {
      gone: () => void this.#open.delete(id),
      fault: this.#fault,
    })
    this.#open.set(id, channel)
    return channel
  }
}

/** What is recorded of an opening that is refused by its kind. */
function opening({ channel }: ChannelOpen): Omit<Action, 'objections'> & { readonly text: string } {
  return { kind: 'channel', verbs: [], writes: false, text: channel.slice(0, 200) }
}

/** Which right of the session each kind of channel from the target needs. */
const NEEDS: Readonly<Record<string, string>> = {
  'auth-agent@openssh.com': 'agent_forwarding',
  x11: 'x11_forwarding',
  'forwarded-tcpip': 'remote_forwarding',
  'forwarded-streamlocal@openssh.com': 'remote_forwarding',
}

/** What one side takes in a packet, as the other is told it. */
function fitting({ maxPacket }: { readonly maxPacket: number }): number {
  return Math.min(maxPacket, MOST_DATA)
}
