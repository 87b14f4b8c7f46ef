import { type Instant, remaining } from '../kernel/clock.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { Caller } from './caller.ts'
import type { Digest } from './events.ts'
import { newSecret } from './secret.ts'
import { UserCodes } from './user-codes.ts'

export type LoginAnswer =
  | { readonly state: 'pending' }
  | { readonly state: 'denied' }
  | { readonly state: 'approved'; readonly person: PersonId; readonly byToken: Digest }

/** A terminal that waits to be let in. */
export interface LoginRequest {
  readonly caller: Caller
  readonly at: Instant
  answer: LoginAnswer
}

/** Command-line logins in progress, found by the code people compare or by the secret the terminal polls with. */
export class Logins {
  readonly #byCode = new UserCodes<LoginRequest>()
  readonly #byPoll = new Map<Digest, LoginRequest>()

  start(caller: Caller, asker: string, now: Instant): { readonly poll: string; readonly code: string } {
    for (const [digest, { at }] of this.#byPoll) {
      if (remaining(at, UserCodes.lifeMs, now) > 0) break
      this.#byPoll.delete(digest)
    }
    const request: LoginRequest = { caller, at: now, answer: { state: 'pending' } }
    const code = this.#byCode.issue(request, asker, now)
    const { secret, digest } = newSecret('poll')
    this.#byPoll.set(digest, request)
    return { poll: secret, code }
  }

  find(code: string, now: Instant): LoginRequest | undefined {
    return this.#byCode.find(code, now)
  }

  /** A code is answered once. False when there is none. */
  answer(code: string, answer: LoginAnswer, now: Instant): boolean {
    const request = this.#byCode.take(code, now)
    if (request) request.answer = answer
    return request !== undefined
  }

  /** Undefined when unknown or expired. What is not pending any more is told once and forgotten. */
  poll(digest: Digest, now: Instant): LoginRequest | undefined {
    const request = this.#byPoll.get(digest)
    if (!request || remaining(request.at, UserCodes.lifeMs, now) <= 0) return undefined
    if (request.answer.state !== 'pending') this.#byPoll.delete(digest)
    return request
  }
}
