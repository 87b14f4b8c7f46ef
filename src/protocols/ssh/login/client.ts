import type { Fault } from '../../../kernel/faults.ts'
import type { ClientConnection } from '../../../target/protocol.ts'
import { DISCONNECT } from '../messages/numbers.ts'
import { userauthBanner, userauthSuccess } from '../messages/userauth.ts'
import type { SshTransport, TransportEvents } from '../transport/transport.ts'

/** One for all: the reason that AbortController makes by itself takes a stack trace, and hundreds of sessions may end at once. */
const GONE = new Error('the client closed its connection')

/** A client has nothing to say between its proof and our answer; what it sends all the same is kept up to this much. */
const MOST_EARLY_BYTES = 64 * 1024

/**
 * A client that has proven its login and waits for the answer. It is told of success by `accept`, that is when its session is on
 * record and its target reached: until then no channel exists that anything could pass through.
 */
export class SshClient implements ClientConnection {
  readonly login: string
  readonly remote: string
  readonly application: string
  readonly closed: AbortSignal
  readonly transport: SshTransport
  readonly #gone = new AbortController()
  #accepted = false
  #early: Buffer[] = []
  #earlyBytes = 0
  #next: TransportEvents | undefined

  constructor(transport: SshTransport, login: string, remote: string) {
    this.transport = transport
    this.login = login
    this.remote = remote
    this.application = transport.peer
    this.closed = this.#gone.signal
    if (transport.closed) this.#gone.abort(GONE)
  }

  /** From here on `events` hears what the client says. */
  accept(events: TransportEvents): void {
    this.#accepted = true
    this.#next = events
    this.transport.send(userauthSuccess())
    if (this.transport.closed) return events.closed({})
    const early = this.#early
    this.#early = []
    for (const payload of early) events.message(payload)
  }

  /** What the login's listener hears after the proof. */
  message(payload: Buffer): void {
    if (this.#next) return this.#next.message(payload)
    this.#early.push(payload)
    this.#earlyBytes += payload.length
    if (this.#earlyBytes > MOST_EARLY_BYTES) this.transport.destroy()
  }

  gone(why: Parameters<TransportEvents['closed']>[0]): void {
    this.#gone.abort(GONE)
    this.#next?.closed(why)
  }

  drained(): void {
    this.#next?.drained?.()
  }

  /** Before `accept` OpenSSH shows the banner as it stands; the words of a disconnect it shows always. */
  async refuse(fault: Fault): Promise<void> {
    const text = [`breakglass: ${fault.message.replace(/^breakglass: /, '')}`, fault.next]
      .filter(Boolean)
      .join('\r\n  ')
    if (!this.#accepted) this.transport.send(userauthBanner(`${text}\r\n`))
    await this.transport.disconnect(DISCONNECT.byApplication, fault.message)
  }
}
