import type { Duplex } from 'node:stream'
import type { Fault } from '../../../kernel/faults.ts'
import type { ClientConnection } from '../../../target/protocol.ts'
import { faultError } from '../messages/native-error.ts'
import type { Startup } from './startup.ts'

/** One for all: the reason that AbortController makes by itself takes a stack trace, and hundreds of sessions may end at once. */
const GONE = new Error('the client closed its connection')

/** How long last words may take to reach a client that does not read. */
const LAST_WORDS_MS = 500

/** A client that has proven its secret and waits for ReadyForQuery. `login.ts` makes it, `relay.ts` speaks with it. */
export class PostgresClient implements ClientConnection {
  readonly login: string
  readonly remote: string
  readonly application: string
  readonly database: string
  readonly settings: Readonly<Record<string, string>>
  readonly closed: AbortSignal
  /** `PROTOCOL_3_0` to `PROTOCOL_3_2`. */
  readonly protocol: number
  /** The connection after TLS; nobody else reads it. */
  readonly stream: Duplex

  constructor(stream: Duplex, startup: Startup, remote: string, protocol: number) {
    this.stream = stream
    this.protocol = protocol
    this.login = startup.user
    this.remote = remote
    this.application = startup.application
    // libpq names the user as database when the person named none.
    this.database = startup.database === startup.user ? '' : startup.database
    this.settings = startup.settings
    const gone = new AbortController()
    this.closed = gone.signal
    stream.once('close', () => gone.abort(GONE))
    if (stream.destroyed) gone.abort(GONE)
    // Without a read nobody would notice that the client went away while its session is prepared.
    stream.read(0)
  }

  async refuse(fault: Fault): Promise<void> {
    await closeWith(this.stream, faultError(fault))
  }
}

/** Sends the last message, then closes; a client that does not take it is cut off. Resolves when the connection is gone. */
export function closeWith(stream: Duplex, bytes: Buffer | undefined): Promise<void> {
  return new Promise(resolve => {
    if (stream.destroyed) return resolve()
    const timer = setTimeout(() => stream.destroy(), LAST_WORDS_MS)
    stream.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    // What the client still sends is dropped, or its unread bytes would turn our last words into a reset.
    stream.removeAllListeners('data')
    stream.resume()
    if (stream.writable) stream.end(bytes)
    else stream.destroy()
  })
}
