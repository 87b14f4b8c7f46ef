import { type Instant, remaining } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import { randomWord } from '../kernel/ids.ts'

/** Codes that are waiting for an answer in all, and per asker. */
const MOST = 4096
const MOST_EACH = 8

interface Waiting<T> {
  readonly value: T
  readonly asker: string
  readonly at: Instant
}

/**
 * Short codes that one screen shows and another confirms (RFC 8628 §6.1): 39 bits, five minutes, one use. In memory:
 * a restart makes somebody ask again, and strangers may ask, so nothing of it may reach the disk.
 */
export class UserCodes<T> {
  static readonly lifeMs = 5 * 60_000
  readonly #waiting = new Map<string, Waiting<T>>()

  /** `asker`: whose quota it counts against; when that is full the asker's oldest code ends. */
  issue(value: T, asker: string, now: Instant): string {
    this.#sweep(now)
    const own = [...this.#waiting].filter(([, each]) => each.asker === asker)
    const [oldest] = own
    if (own.length >= MOST_EACH && oldest) this.#waiting.delete(oldest[0])
    if (this.#waiting.size >= MOST) {
      throw new Fault('unavailable', 'Too many codes are waiting to be confirmed.', {
        next: 'Try again in a few minutes.',
      })
    }
    const word = randomWord(39)
    const code = `${word.slice(0, 4)}-${word.slice(4)}`.toUpperCase()
    this.#waiting.set(code, { value, asker, at: now })
    return code
  }

  find(code: string, now: Instant): T | undefined {
    const waiting = this.#waiting.get(normalCode(code))
    return waiting && remaining(waiting.at, UserCodes.lifeMs, now) > 0 ? waiting.value : undefined
  }

  /** Finds and ends it: a second taker gets undefined. */
  take(code: string, now: Instant): T | undefined {
    const value = this.find(code, now)
    this.#waiting.delete(normalCode(code))
    return value
  }

  #sweep(now: Instant): void {
    for (const [code, { at }] of this.#waiting) {
      if (remaining(at, UserCodes.lifeMs, now) > 0) return
      this.#waiting.delete(code)
    }
  }
}

/** `abcd efgh` as people type it → `ABCD-EFGH`. */
export function normalCode(text: string): string {
  const letters = text.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  return `${letters.slice(0, 4)}-${letters.slice(4, 12)}`
}
