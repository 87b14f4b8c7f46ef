import { hasPassed, type Instant } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import { failuresAllowed, nextLockout } from './lock-out.ts'
import { lockedFor, type Lockout } from './people.ts'

interface Count {
  failures: number
  /** Attempts that were let in and have not been judged. */
  open: number
  /** When the last of the failures was. */
  at: Instant | undefined
  lockout: Lockout | undefined
}

/** One try at a factor that could be guessed. Exactly one of the three must be called. */
export interface Attempt {
  /** The lock-out that this failure brought about, if it did. */
  failed(now: Instant): Lockout | undefined
  passed(): void
  /** Neither right nor wrong: something else broke. */
  dropped(): void
}

/**
 * Counts tries per key and lets nobody try faster than they are judged: an attempt takes its place before the work is
 * done, so a hundred guesses in parallel are no more than five. In memory, bounded; a restart forgives at most the
 * failures before a lock-out, as lock-outs of people are events.
 */
export class Attempts {
  readonly #counts = new Map<string, Count>()
  readonly #free: number
  readonly #most: number
  readonly #forgetMs: number

  /**
   * `free`: failures before the first lock-out. `most`: keys remembered. `forgetMs`: failures are forgotten after so long
   * without one; for keys that nobody's success may clear.
   */
  constructor(free: number, most: number, forgetMs = Number.POSITIVE_INFINITY) {
    this.#free = free
    this.#most = most
    this.#forgetMs = forgetMs
  }

  /** `stored`: the lock-out the log knows of. Fault `identity.locked_out` with `facts.retry_after`, seconds. */
  begin(key: string, now: Instant, stored?: Lockout): Attempt {
    const count = this.#countOf(key, stored)
    if (count.at && hasPassed(count.at, this.#forgetMs, now)) count.failures = 0
    const wait = lockedFor(count.lockout, now)
    if (wait > 0) throw lockedOut(wait)
    if (count.failures + count.open >= failuresAllowed(count.lockout, now, this.#free)) throw lockedOut(1000)
    count.open++
    return {
      failed: at => {
        count.open--
        count.failures++
        count.at = at
        if (count.failures < failuresAllowed(count.lockout, at, this.#free)) return undefined
        count.failures = 0
        count.lockout = nextLockout(count.lockout, at)
        return count.lockout
      },
      passed: () => {
        count.open--
        count.failures = 0
        count.lockout = undefined
      },
      dropped: () => {
        count.open--
      },
    }
  }

  #countOf(key: string, stored: Lockout | undefined): Count {
    const known = this.#counts.get(key)
    // Re-inserted, so that the first key of the map is the one nobody has tried for longest.
    if (known) this.#counts.delete(key)
    const count = known ?? { failures: 0, open: 0, at: undefined, lockout: stored }
    this.#counts.set(key, count)
    if (this.#counts.size > this.#most) {
      const oldest = this.#counts.keys().next()
      if (!oldest.done) this.#counts.delete(oldest.value)
    }
    return count
  }
}

function lockedOut(waitMs: number): Fault {
  const seconds = Math.ceil(waitMs / 1000)
  const wait = seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
  return new Fault('identity.locked_out', 'Too many failed attempts.', {
    next: `Use a passkey, which is never locked, or try again in ${wait}.`,
    facts: { retry_after: seconds },
  })
}
