import { Fault } from '../../../kernel/faults.ts'
import { judgeRequest } from '../inspect/judge-request.ts'
import { type ConnectionMessage, encodeConnection } from '../messages/connection.ts'
import { SshReader } from '../messages/fields.ts'
import type { Channels } from './channels.ts'
import { refusalWords, type RelayContext, submitThen } from './context.ts'
import { ReplyOrder, type Slot } from './reply-order.ts'

type GlobalRequest = Extract<ConnectionMessage, { type: 'global_request' }>

const FAILURE = encodeConnection({ type: 'request_failure' })
const LISTENS = new Set(['tcpip-forward', 'streamlocal-forward@openssh.com'])
const STOPS = new Set(['cancel-tcpip-forward', 'cancel-streamlocal-forward@openssh.com'])
/** Questions of one client that may wait at once. */
const MOST_WAITING = 64

/** Requests about the whole connection (RFC 4254 §4): listening ports at the target, and what keeps connections awake. */
export class GlobalRequests {
  readonly #context: RelayContext
  readonly #channels: Channels
  readonly #fault: (cause: unknown) => void
  readonly #toClient: ReplyOrder
  readonly #expected: Slot[] = []

  constructor(context: RelayContext, channels: Channels, fault: (cause: unknown) => void) {
    this.#context = context
    this.#channels = channels
    this.#fault = fault
    this.#toClient = new ReplyOrder(payload => context.ends.client.send(payload))
  }

  fromClient(request: GlobalRequest): void {
    const slot = request.wantReply ? this.#toClient.expect() : undefined
    if (this.#toClient.waiting > MOST_WAITING)
      return this.#fault(new Fault('protocol.violation', 'too many requests at once'))
    const fail = (): void => {
      if (slot) this.#toClient.answer(slot, FAILURE)
    }
    if (request.name === 'no-more-sessions@openssh.com') {
      this.#channels.noMoreSessions = true
      return fail()
    }
    if (!LISTENS.has(request.name) && !STOPS.has(request.name)) return fail()
    if (STOPS.has(request.name)) {
      if (!this.#channels.remoteForwards) return fail()
      return this.#pass(request, slot)
    }
    const { guard } = this.#context
    const wait = submitThen(
      this.#context,
      {
        kind: 'remote_forwarding',
        verbs: [],
        writes: false,
        text: place(request),
        objections: judgeRequest('remote_forwarding', guard.rules),
      },
      permit => {
        if (this.#context.ended) return fail()
        if (!permit.forward) {
          // OpenSSH says of it only that it failed.
          this.#channels.tell(refusalWords(permit, guard.rules))
          return fail()
        }
        this.#channels.remoteForwards = true
        this.#pass(request, slot)
      },
    )
    if (wait) wait.catch(this.#fault)
  }

  /** sshd asks whether we live, and tells of its host keys, which are pinned here. */
  fromTarget({ wantReply }: GlobalRequest): void {
    if (wantReply) this.#context.ends.target.send(FAILURE)
  }

  targetAnswered(message: Extract<ConnectionMessage, { type: 'request_success' | 'request_failure' }>): void {
    const slot = this.#expected.shift()
    if (slot) this.#toClient.answer(slot, encodeConnection(message))
  }

  #pass(request: GlobalRequest, slot: Slot | undefined): void {
    if (slot) this.#expected.push(slot)
    this.#context.ends.target.send(encodeConnection(request))
  }
}

function place({ name, data }: GlobalRequest): string {
  const reader = new SshReader(data)
  const host = reader.text()
  return name === 'tcpip-forward' ? `${host}:${reader.uint32()}` : `unix:${host}`
}
