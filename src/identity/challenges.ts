import { createHmac, randomBytes } from 'node:crypto'
import { sameBytes, sha256 } from '../kernel/bytes.ts'
import { type Instant, remaining } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'

/** What an answer may be used for; an answer made for one purpose is worth nothing for another. */
export type Purpose = 'sign_in' | 'step_up' | 'register'

const LIFE = 2 * 60_000
const USED_MOST = 100_000

const AGAIN = 'Start again; a passkey prompt is good for two minutes and one answer.'

/**
 * WebAuthn challenges, each good for one answer, one purpose and one token or link (attack 3). A challenge is not
 * remembered until it is answered: it is the hash of an `attempt` that carries its own terms under a MAC, so asking for
 * a million of them costs us nothing. In memory, as a restart only means that a prompt on screen has to be asked for again.
 */
export class Challenges {
  readonly #key = randomBytes(32)
  /** MACs of answered attempts in order of answering, with the mono time at which they may be forgotten. */
  readonly #used = new Map<string, number>()

  /** `bound`: the token or link digest the answer is for; empty at sign-in, where nobody is known yet. */
  issue(
    purpose: Purpose,
    bound: string,
    now: Instant,
  ): { readonly attempt: string; readonly challenge: Buffer } {
    const terms = Buffer.from(
      JSON.stringify({
        purpose,
        bound,
        at: { wall: now.wall, mono: now.mono, boot: now.boot },
        nonce: randomBytes(16).toString('base64url'),
      }),
    )
    const mac = this.#mac(terms)
    const attempt = `${terms.toString('base64url')}.${mac.toString('base64url')}`
    return { attempt, challenge: sha256(attempt) }
  }

  /**
   * Uses the attempt up, before its answer is looked at: a wrong or swapped answer spends it too. Returns the challenge
   * the answer must contain, base64url. Fault `identity.factor_refused`.
   */
  take(attempt: string, purpose: Purpose, bound: string, now: Instant): string {
    const [terms, mac] = this.#open(attempt)
    this.#forget(now)
    const spent = mac.toString('base64url')
    if (this.#used.has(spent)) throw refused('This passkey prompt was answered already.')
    if (this.#used.size >= USED_MOST) {
      throw new Fault('unavailable', 'Too many passkey prompts are being answered.', {
        next: 'Try again in a minute.',
      })
    }
    this.#used.set(spent, now.mono + LIFE)
    if (terms.purpose !== purpose || terms.bound !== bound)
      throw refused('This passkey prompt was made for something else.')
    if (remaining(terms.at, LIFE, now) <= 0) throw refused('This passkey prompt has expired.')
    return sha256(attempt).toString('base64url')
  }

  #open(attempt: string): readonly [terms: { purpose: string; bound: string; at: Instant }, mac: Buffer] {
    const [text = '', given = ''] = attempt.split('.')
    const bytes = Buffer.from(text, 'base64url')
    const mac = this.#mac(bytes)
    // The text is compared as well: base64url has several spellings of the same bytes and only one hashes to the challenge.
    if (!sameBytes(mac, Buffer.from(given, 'base64url')) || bytes.toString('base64url') !== text) {
      throw refused('This passkey prompt is unknown.')
    }
    return [JSON.parse(bytes.toString()) as { purpose: string; bound: string; at: Instant }, mac]
  }

  #mac(bytes: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(bytes).digest()
  }

  #forget(now: Instant): void {
    for (const [spent, until] of this.#used) {
      if (until > now.mono) return
      this.#used.delete(spent)
    }
  }
}

function refused(message: string): Fault {
  return new Fault('identity.factor_refused', message, { next: AGAIN })
}
