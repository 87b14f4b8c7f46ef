import { Fault, isFault } from '../../../kernel/faults.ts'
import { prepareDigests } from '../../../wire/digest/running-digest.ts'
import type { SessionEnd } from '../../../target/action.ts'
import type { Guard } from '../../../target/protocol.ts'
import type { SshTarget } from '../dial/target.ts'
import type { SshClient } from '../login/client.ts'
import { type ConnectionMessage, decodeConnection, type OnChannel } from '../messages/connection.ts'
import { DISCONNECT } from '../messages/numbers.ts'
import type { Channel } from './channel.ts'
import { Channels } from './channels.ts'
import type { RelayContext } from './context.ts'
import { GlobalRequests } from './global-requests.ts'
import { ListeningPlaces } from './listening-places.ts'
import { exitStatus, KILL, sessionRequest } from './session-channel.ts'
import { Slices } from './slices.ts'

/** A side that does not read makes the other wait beyond this many bytes, and itself beyond four times as many. */
const MOST_BACKLOG = 1024 * 1024
/** How long a client may take to leave by itself. */
const LEAVE_MS = 250
/** What a program ended with that was not let finish. */
const ENDED_STATUS = 255

/** What sessions that have ended still owe their targets; of all sessions of the process. */
const goodbyes = new Slices()

/** Joins the channels of a client to channels of its target until either side or the guard ends it. Never throws. */
export function relay(client: SshClient, target: SshTarget, guard: Guard): Promise<SessionEnd> {
  return new Promise(resolve => {
    new Relay(client, target, guard, resolve).start()
  })
}

class Relay {
  readonly #client: SshClient
  readonly #target: SshTarget
  readonly #guard: Guard
  readonly #resolve: (end: SessionEnd) => void
  readonly #context: RelayContext
  readonly #channels: Channels
  readonly #places: ListeningPlaces
  readonly #requests: GlobalRequests
  #ended: SessionEnd | undefined

  constructor(client: SshClient, target: SshTarget, guard: Guard, resolve: (end: SessionEnd) => void) {
    this.#client = client
    this.#target = target
    this.#guard = guard
    this.#resolve = resolve
    const ended = (): boolean => this.#ended !== undefined
    this.#context = {
      guard,
      ends: { client: client.transport, target: target.transport },
      login: target.login,
      forced: target.forced,
      remote: client.remote,
      target: target.place,
      now: () => performance.now(),
      get ended() {
        return ended()
      },
    }
    const broken = (cause: unknown): void => this.#broken(cause)
    this.#places = new ListeningPlaces(guard, this.#context.now)
    this.#channels = new Channels(this.#context, this.#places, broken)
    this.#requests = new GlobalRequests(this.#context, this.#channels, this.#places, broken)
  }

  start(): void {
    prepareDigests()
    const { transport } = this.#target
    this.#target.attach({
      ready: () => undefined,
      message: payload => this.#hear(payload, 'target'),
      closed: () => {
        const text = 'breakglass: the target closed the connection.'
        this.#end({ reason: 'target', text }, text)
      },
      drained: () => this.#drained(),
    })
    if (transport.closed) return
    this.#client.accept({
      ready: () => undefined,
      message: payload => this.#hear(payload, 'client'),
      closed: () => this.#end({ reason: 'client', text: 'the client left' }, undefined),
      drained: () => this.#drained(),
    })
    this.#guard.onNotice(text => this.#channels.notice(text))
    this.#guard.onEnd(end => this.#end(end, end.text))
  }

  #hear(payload: Buffer, from: 'client' | 'target'): void {
    if (this.#ended) return
    try {
      const message = decodeConnection(payload)
      if (!message) this.#context.ends[from].unimplemented()
      else if (from === 'client') this.#fromClient(message)
      else this.#fromTarget(message)
    } catch (cause) {
      return this.#broken(cause)
    }
    this.#throttle()
  }

  #fromClient(message: ConnectionMessage): void {
    switch (message.type) {
      case 'global_request':
        return this.#requests.fromClient(message)
      case 'open':
        return this.#channels.openForClient(message)
      case 'request_success':
      case 'request_failure':
        return
      case 'confirmation':
        return this.#channels.clientConfirmed(message)
      case 'open_failure':
        return this.#channels.clientRefused(message)
      default:
        if (!this.#channels.jumped(message)) this.#clientOn(message)
    }
  }

  #clientOn(message: OnChannel): void {
    const channel = this.#channels.of(message.recipient)
    if (channel.left.client) return
    switch (message.type) {
      case 'window_adjust':
        return channel.clientAdjusted(message.bytes)
      case 'success':
      case 'failure':
        return channel.clientAnswered(message.type)
      case 'data': {
        channel.received(message.data.length)
        return channel.dataInOrder(message.data, data => flowing(channel, data))
      }
      case 'extended_data':
        channel.received(message.data.length)
        return channel.swallowed(message.data.length)
      case 'eof':
        channel.endsData('client')
        return channel.inOrder(() => (channel.flow ? channel.flow.clientEof() : channel.eofToTarget()))
      case 'close':
        channel.left.client = true
        return channel.inOrder(() => channel.clientClosed())
      case 'request':
        if (channel.kind !== 'session')
          return channel.inOrder(() => {
            if (message.wantReply) channel.replies.now({ type: 'failure' })
          })
        return channel.inOrder(() => sessionRequest(channel, message, this.#context))
    }
  }

  #fromTarget(message: ConnectionMessage): void {
    switch (message.type) {
      case 'global_request':
        return this.#requests.fromTarget(message)
      case 'request_success':
      case 'request_failure':
        return this.#requests.targetAnswered(message)
      case 'open':
        return this.#channels.openForTarget(message)
      case 'confirmation':
        return this.#channels.targetConfirmed(message)
      case 'open_failure':
        return this.#channels.targetRefused(message)
      default:
        return this.#targetOn(message)
    }
  }

  #targetOn(message: OnChannel): void {
    const channel = this.#channels.of(message.recipient)
    if (channel.left.target) return
    switch (message.type) {
      case 'window_adjust':
        return channel.targetAdjusted(message.bytes)
      case 'success':
      case 'failure':
        return channel.targetAnswered(message.type)
      case 'data':
      case 'extended_data': {
        channel.passed(message.data.length)
        const stderr = message.type === 'extended_data'
        if (channel.flow) return channel.flow.fromTarget(message.data, stderr)
        return channel.toClient(message.data, stderr)
      }
      case 'eof':
        channel.endsData('target')
        return channel.eofToClient()
      case 'close':
        channel.left.target = true
        return channel.targetClosed()
      case 'request':
        channel.flow?.told?.(message.name, message.data)
        return channel.askClient(message)
    }
  }

  #broken(cause: unknown): void {
    const what = isFault(cause) ? cause.message : 'a message that could not be handled'
    const end: SessionEnd = { reason: 'violation', text: `breakglass: this connection ends: ${what}.` }
    this.#end(isFault(cause) ? end : { ...end, cause }, end.text)
  }

  /** The one way out. `words`: what the client is told; without, it has gone. */
  #end(end: SessionEnd, words: string | undefined): void {
    if (this.#ended) return
    this.#ended = end
    this.#guard.over()
    const { client, target } = this.#context.ends
    const said = words !== undefined && this.#channels.farewell(words)
    for (const channel of this.#channels.all()) {
      if (channel.kind === 'session' && channel.open) {
        channel.tell('client', exitStatus(ENDED_STATUS))
        channel.eofToClient()
      }
      channel.closeToClient()
    }
    client.flush()
    // Hundreds of sessions may end at once: the people in them are told first, and may go, then the targets are.
    goodbyes.add(() => {
      for (const channel of this.#channels.all()) {
        if (channel.kind === 'session' && channel.open && end.reason !== 'client')
          channel.tell('target', KILL)
        channel.closeToTarget()
      }
      this.#channels.over()
      this.#places.over()
      const gone = [this.#dismiss(end.text, said), target.disconnect(DISCONNECT.byApplication, '')]
      void Promise.all(gone).then(() => this.#resolve(end))
    })
  }

  /** OpenSSH drops what it has not shown yet when it is disconnected: a client that was told where it reads may leave by itself first. */
  async #dismiss(text: string, said: boolean): Promise<void> {
    const { transport, closed } = this.#client
    if (said && !closed.aborted) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, LEAVE_MS)
        closed.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    await transport.disconnect(DISCONNECT.byApplication, text)
  }

  #throttle(): void {
    const { client, target } = this.#context.ends
    if (client.backlog > MOST_BACKLOG) target.pause()
    if (target.backlog > MOST_BACKLOG) client.pause()
    if (client.backlog > 4 * MOST_BACKLOG) client.pause()
    if (target.backlog > 4 * MOST_BACKLOG) target.pause()
  }

  #drained(): void {
    const { client, target } = this.#context.ends
    if (client.backlog < MOST_BACKLOG && target.backlog < MOST_BACKLOG) {
      client.resume()
      target.resume()
    }
  }
}

function flowing(channel: Channel, data: Buffer): void | Promise<void> {
  if (channel.flow) return channel.flow.fromClient(data)
  // What was refused closes its channel; what the client had sent by then goes nowhere.
  if (channel.started) return channel.swallowed(data.length)
  throw new Fault('protocol.violation', 'data on a channel on which nothing was started')
}
