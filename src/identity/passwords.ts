import { hash, verify } from '@node-rs/argon2'
import { Fault } from '../kernel/faults.ts'

/**
 * OWASP's second recommendation for argon2id (19 MiB, 2 passes, 1 lane). Written out so that a new default of the library
 * does not change what is stored; the PHC string carries its own parameters.
 */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

export const PASSWORD_LEAST = 12
/** argon2 reads all of it; a long one is a way to keep the process busy. */
export const PASSWORD_MOST = 256

/** Hashing runs in libuv's pool of four, which the log's fdatasync needs as well: strangers may use half of it. */
const AT_ONCE = 2
const WAITING_MOST = 64

/** Hashes and compares passwords, a few at a time. A full queue refuses (`unavailable`) and says that a passkey needs none. */
export class Passwords {
  #running = 0
  readonly #waiting: (() => void)[] = []

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password.normalize('NFKC'), COST))
  }

  /** False for any password above the limit, after the same work. */
  matches(stored: string, password: string): Promise<boolean> {
    const given = password.length <= PASSWORD_MOST ? password : ''
    return this.#inTurn(() => verify(stored, given.normalize('NFKC')))
  }

  async #inTurn<R>(work: () => Promise<R>): Promise<R> {
    if (this.#running < AT_ONCE) this.#running++
    else if (this.#waiting.length < WAITING_MOST) {
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    } else {
      throw new Fault('unavailable', 'Too many passwords are being checked.', {
        next: 'Sign in with a passkey, or try again in a few seconds.',
      })
    }
    try {
      return await work()
    } finally {
      // The place passes from one to the next; it is free only when nobody waits.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}

export function checkPassword(password: string, handle: string): void {
  const next = `Use at least ${PASSWORD_LEAST} characters; several words are good.`
  const facts = { field: 'password' }
  if (password.length < PASSWORD_LEAST)
    throw new Fault('input.invalid', 'The password is too short.', { next, facts })
  if (password.length > PASSWORD_MOST) {
    throw new Fault('input.invalid', 'The password is too long.', {
      next: `Use at most ${PASSWORD_MOST} characters.`,
      facts,
    })
  }
  // Somebody's own handle is the first thing that is tried: it does not count towards the length.
  const lower = password.toLowerCase()
  const rest = handle.length < 3 ? lower : lower.replaceAll(handle, '')
  if (new Set(lower).size < 5 || rest.length < PASSWORD_LEAST) {
    throw new Fault('input.invalid', 'The password is too easy to guess.', { next, facts })
  }
}
