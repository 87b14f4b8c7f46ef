import { Fault } from '../../../kernel/faults.ts'
import { judgeRequest } from '../inspect/judge-request.ts'
import { type ConnectionMessage, encodeConnection } from '../messages/connection.ts'
import { SshReader } from '../messages/fields.ts'
import type { Destination } from '../inspect/destination.ts'
import type { Channels } from './channels.ts'
import { refusalWords, type RelayContext, submitThen } from './context.ts'
import type { ListeningPlaces } from './listening-places.ts'
import { ReplyOrder } from './reply-order.ts'
import { describe } from './session-requests.ts'

type GlobalRequest = Extract<ConnectionMessage, { type: 'global_request' }>
type Answer = Extract<ConnectionMessage, { type: 'request_success' | 'request_failure' }>

const FAILURE = encodeConnection({ type: 'request_failure' })
const LISTENS = new Set(['tcpip-forward', 'streamlocal-forward@openssh.com'])
const STOPS = new Set(['cancel-tcpip-forward', 'cancel-streamlocal-forward@openssh.com'])
/** Questions of one client that may wait at once. */
const MOST_WAITING = 64

/** Requests about the whole connection (RFC 4254 §4): listening ports at the target, and what keeps connections awake. */
export class GlobalRequests {
  readonly #context: RelayContext
  readonly #channels: Channels
  readonly #places: ListeningPlaces
  readonly #fault: (cause: unknown) => void
  readonly #toClient: ReplyOrder<Answer>
  /** Told of the target's answers, which come in the order in which it was asked. */
  readonly #expected: ((answer: Answer) => void)[] = []

  constructor(
    context: RelayContext,
    channels: Channels,
    places: ListeningPlaces,
    fault: (cause: unknown) => void,
  ) {
    this.#context = context
    this.#channels = channels
    this.#places = places
    this.#fault = fault
    this.#toClient = new ReplyOrder(answer => context.ends.client.send(encodeConnection(answer)))
  }

  fromClient(request: GlobalRequest): void {
    const slot = request.wantReply ? this.#toClient.expect() : undefined
    if (this.#toClient.waiting > MOST_WAITING)
      return this.#fault(new Fault('protocol.violation', 'too many requests at once'))
    const answer = (message: Answer): void => {
      if (slot) this.#toClient.answer(slot, message)
    }
    if (LISTENS.has(request.name)) return this.#listen(request, answer)
    if (STOPS.has(request.name)) return this.#stop(request, answer)
    if (request.name === 'no-more-sessions@openssh.com') this.#channels.noMoreSessions = true
    answer({ type: 'request_failure' })
  }

  #listen(request: GlobalRequest, answer: (message: Answer) => void): void {
    const { guard } = this.#context
    const place = readPlace(request)
    if (this.#places.full) return answer({ type: 'request_failure' })
    const action = {
      kind: 'remote_forwarding',
      verbs: [],
      writes: false,
      text: describe(place),
      objections: judgeRequest('remote_forwarding', guard.rules),
    }
    const wait = submitThen(this.#context, action, permit => {
      if (!permit.forward) {
        // OpenSSH says of it only that it failed.
        this.#channels.tell(refusalWords(permit, guard.rules))
        return answer({ type: 'request_failure' })
      }
      const asked = this.#places.ask(permit.seq)
      this.#ask(request, message => {
        if (message.type === 'request_success') asked.listens(chosen(place, message.data))
        else asked.refused()
        answer(message)
      })
    })
    if (wait) wait.catch(this.#fault)
  }

  /** Narrows, so nobody is asked; it is recorded as the end of the action that asked for it. */
  #stop(request: GlobalRequest, answer: (message: Answer) => void): void {
    const place = readPlace(request)
    if (!this.#places.has(place)) return answer({ type: 'request_failure' })
    this.#ask(request, message => {
      if (message.type === 'request_success') this.#places.ended(place)
      answer(message)
    })
  }

  /** sshd asks whether we live, and tells of its host keys, which are pinned here. */
  fromTarget({ wantReply }: GlobalRequest): void {
    if (wantReply) this.#context.ends.target.send(FAILURE)
  }

  targetAnswered(message: Answer): void {
    this.#expected.shift()?.(message)
  }

  /** The target always answers us, whether its answer is awaited by the client or not. */
  #ask(request: GlobalRequest, told: (answer: Answer) => void): void {
    this.#expected.push(told)
    this.#context.ends.target.send(encodeConnection({ ...request, wantReply: true }))
  }
}

/** What shall be listened on, or no longer (RFC 4254 §7.1; streamlocal-forward@openssh.com has a path). */
function readPlace({ name, data }: GlobalRequest): Destination {
  const reader = new SshReader(data)
  const first = reader.text()
  return name.includes('streamlocal') ? { path: first } : { host: first, port: reader.uint32() }
}

/** Port 0 leaves the choice to the target, which tells it with its answer. */
function chosen(place: Destination, data: Buffer): Destination {
  return 'path' in place || place.port !== 0 ? place : { ...place, port: new SshReader(data).uint32() }
}
