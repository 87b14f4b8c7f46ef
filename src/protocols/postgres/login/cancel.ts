import { randomBytes, randomInt } from 'node:crypto'
import { sameBytes } from '../../../kernel/bytes.ts'

/** What a client gets as BackendKeyData: ours, never the target's. */
export interface CancelKey {
  readonly pid: number
  readonly key: Buffer
}

interface Entry {
  readonly key: Buffer
  readonly fire: () => void
}

/**
 * Finds the session that a CancelRequest means. A cancel comes on a connection of its own without any login, so the
 * key is all that proves whose it is: random, 4 bytes beside a random 31-bit number (protocol 3.0 leaves no room for more).
 */
export class CancelKeys {
  readonly #sessions = new Map<number, Entry>()

  /** `fire` asks the target of this session to cancel; it must not block or throw. */
  register(fire: () => void): CancelKey & { readonly release: () => void } {
    let pid = 0
    do pid = randomInt(1, 0x7fffffff)
    while (this.#sessions.has(pid))
    const key = randomBytes(4)
    this.#sessions.set(pid, { key, fire })
    return { pid, key, release: () => void this.#sessions.delete(pid) }
  }

  /** A wrong key does nothing and is told nothing, as the server does. */
  fire(pid: number, key: Buffer): void {
    const session = this.#sessions.get(pid)
    if (session && sameBytes(session.key, key)) session.fire()
  }
}
