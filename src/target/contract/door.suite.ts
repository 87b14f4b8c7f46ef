import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { isFault } from '../../kernel/faults.ts'
import type { SessionEnd, SessionRules } from '../action.ts'
import type { Passage } from '../passage.ts'
import type { ClientConnection, LoginDesk, Protocol } from '../protocol.ts'
import { RecordingGuard } from '../recording-guard.suite.ts'

/** A session that came through the door, running or over. */
export interface DoorSession {
  readonly guard: RecordingGuard
  readonly client: ClientConnection
  /** What the target said of itself; undefined until it was reached. */
  facts: Readonly<Record<string, string | number>> | undefined
  /** Undefined when the session was refused before its relay. */
  readonly end: Promise<SessionEnd | undefined>
}

export interface FailedProof {
  readonly login: string
  readonly remote: string
  readonly why: string
}

export interface DoorOptions {
  readonly protocol: Protocol
  readonly desk: Pick<LoginDesk, 'tls' | 'verifier' | 'publicKey'>
  /** Asked for at each session. */
  passage(): Passage
  readonly rules?: Partial<SessionRules> | undefined
}

/** Where clients of a test come in: what `gateway/run-session` does with a protocol, with the decisions left to the test. */
export interface Door {
  readonly port: number
  readonly sessions: DoorSession[]
  readonly failures: FailedProof[]
  /** What a protocol must not do: rejections other than a Fault of `dial`. */
  readonly thrown: unknown[]
  /** Connections that are open now. */
  readonly open: ReadonlySet<Socket>
  /** How long a login may take, from the next connection on. */
  timeoutMs: number
  /** Changes the guards of sessions that begin from now on. */
  prepare(change: (guard: RecordingGuard) => void): void
  /** Stands between proof and dial from now on: what it waits for the session waits for, a Fault of it refuses the session. */
  admit(decide: () => Promise<void>): void
  close(): Promise<void>
}

export async function openDoor(options: DoorOptions): Promise<Door> {
  const { protocol } = options
  const sessions: DoorSession[] = []
  const failures: FailedProof[] = []
  const thrown: unknown[] = []
  const open = new Set<Socket>()
  let timeoutMs = 3000
  let change = (_guard: RecordingGuard): void => undefined
  let decide = async (): Promise<void> => undefined

  const serve = async (stream: Duplex, remote: string): Promise<void> => {
    const client = await protocol.readLogin(stream, remote, {
      ...options.desk,
      timeoutMs,
      failed: (login, remote, why) => void failures.push({ login, remote, why }),
    })
    if (!client) return
    const guard = new RecordingGuard(options.rules)
    guard.serve = inner => void serve(inner, remote).catch(keep)
    change(guard)
    let ended = (_end: SessionEnd | undefined): void => undefined
    const end = new Promise<SessionEnd | undefined>(resolve => (ended = resolve))
    const session: DoorSession = { guard, client, facts: undefined, end }
    sessions.push(session)
    try {
      await decide()
      const target = await protocol.dial(options.passage(), client)
      session.facts = target.facts
      const end = await protocol.relay(client, target, guard)
      guard.end(end)
      ended(end)
    } catch (cause) {
      ended(undefined)
      if (!isFault(cause)) throw cause
      await client.refuse(cause)
    }
  }

  const keep = (cause: unknown): void => void thrown.push(cause)
  const server = createServer(socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    serve(socket, (socket.remoteAddress ?? '').replace(/^::ffff:/, '')).catch(keep)
  })
  server.listen(0, '127.0.0.1', 2048)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    failures,
    thrown,
    open,
    get timeoutMs() {
      return timeoutMs
    },
    set timeoutMs(ms) {
      timeoutMs = ms
    },
    prepare(next) {
      change = next
    },
    admit(next) {
      decide = next
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
