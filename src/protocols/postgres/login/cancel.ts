import { randomBytes, randomInt } from 'node:crypto'
import { sameBytes } from '../../../kernel/bytes.ts'
import { CANCEL_KEY, PROTOCOL_3_2 } from '../messages/messages.ts'

/** What a client gets as BackendKeyData: ours, never the target's. */
export interface CancelKey {
  readonly pid: number
  readonly key: Buffer
}

interface Entry {
  readonly key: Buffer
  readonly fire: () => Promise<void>
}

/** What nobody guesses; protocol 3.0 leaves room for four bytes only. */
const LONG_KEY = 32

/**
 * Finds the session that a CancelRequest means. A cancel comes on a connection of its own without any login, so the
 * key is all that proves whose it is: random, beside a random 31-bit number.
 */
export class CancelKeys {
  readonly #sessions = new Map<number, Entry>()

  /** `fire` asks the target of this session to cancel, and settles when that is done; it must not throw. The key is as long as `protocol` takes it. */
  register(fire: () => Promise<void>, protocol: number): CancelKey & { readonly release: () => void } {
    let pid = 0
    do pid = randomInt(1, 0x7fffffff)
    while (this.#sessions.has(pid))
    const key = randomBytes(protocol >= PROTOCOL_3_2 ? LONG_KEY : CANCEL_KEY.shortest)
    this.#sessions.set(pid, { key, fire })
    return { pid, key, release: () => void this.#sessions.delete(pid) }
  }

  /**
   * A wrong key does nothing and is told nothing, as the server does. Settles when the target has acted: clients take the
   * close of their cancel connection as that, and ask the next thing then (libpq, "Canceling Queries in Progress").
   */
  async fire(pid: number, key: Buffer): Promise<void> {
    const session = this.#sessions.get(pid)
    if (session && sameBytes(session.key, key)) await session.fire()
  }
}
