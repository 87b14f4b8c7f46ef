import type { Clock } from '../kernel/clock.ts'
import type { Journal } from '../journal/journal.ts'
import type { Attempts } from './attempts.ts'
import type { Challenges } from './challenges.ts'
import type { Directory } from './directory.ts'
import type { Digest } from './events.ts'
import type { Failures } from './failures.ts'
import type { Logins } from './logins.ts'
import type { Passwords } from './passwords.ts'
import type { PendingSeeds } from './pending-seeds.ts'
import type { Secrets } from './secrets.ts'
import type { UserCodes } from './user-codes.ts'

export interface IdentitySettings {
  /** Shown by authenticator apps and passkey prompts. */
  readonly organisation: string
  /** Scheme, host and port under which browsers reach us, without a trailing slash. */
  readonly origin: string
  /** The host passkeys belong to: that of `origin` or a domain above it (WebAuthn §5.1.2). */
  readonly rpId: string
  /** Milliseconds a token lives, by kind; `api` is the most somebody may ask for. */
  readonly sessionMs: number
  readonly cliMs: number
  readonly apiMs: number
  readonly enrolmentMs: number
}

/** What the operations of this folder share; made once per process by `createIdentity`. */
export interface IdentityContext {
  readonly settings: IdentitySettings
  readonly journal: Journal
  readonly secrets: Secrets
  /** The wall clock as telephones have it; everything else is judged by `journal.now()`. */
  readonly clock: Clock
  readonly directory: Directory
  readonly challenges: Challenges
  readonly passwords: Passwords
  readonly failures: Failures
  readonly seeds: PendingSeeds
  readonly logins: Logins
  /** Codes of step-ups asked for elsewhere, each for the token that asked. */
  readonly stepUps: UserCodes<Digest>
  readonly attempts: {
    readonly people: Attempts
    /** Handles nobody has: they lock as those of people do, or the difference would tell who exists. */
    readonly strangers: Attempts
    readonly sources: Attempts
    readonly stepUps: Attempts
    readonly codes: Attempts
  }
  /** Told of what must not stop a caller: a lock-out or summary that could not be written. */
  report(error: unknown): void
}
