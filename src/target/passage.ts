import type { Target } from '../kernel/target.ts'
import type { HostRules } from './action.ts'

/** The short-lived login at the target that belongs to one grant. `secret` is never shown to a person. */
export interface TargetLogin {
  /** Random, `bg_…`; leftovers are recognised by the prefix. */
  readonly name: string
  readonly secret: string
}

export interface PassageTerms {
  readonly grant: string
  readonly session: string | undefined
  readonly target: Target
  /** Name of the scope in `target.scopes`. */
  readonly scope: string
  readonly login: TargetLogin
  /** Milliseconds the grant still has; the target's own limit is this plus a minute. */
  readonly remainingMs: number
  /** The only command that may run, where the procedure names one; the target enforces it. */
  readonly forceCommand?: string | undefined
  /** What the session may do on a host, so that the target can hold it to that as well. */
  readonly host?: HostRules | undefined
}

let claimed = false

/**
 * Permission to widen access at a target: to create its login or to dial it. Only `gateway/` can make one, and its maker
 * demands an Authorization and a Receipt (docs/decisions/0001). Whatever narrows access needs none.
 */
export class Passage implements PassageTerms {
  readonly #made = true
  readonly grant: string
  readonly session: string | undefined
  readonly target: Target
  readonly scope: string
  readonly login: TargetLogin
  readonly remainingMs: number
  readonly forceCommand: string | undefined
  readonly host: HostRules | undefined

  private constructor(terms: PassageTerms) {
    this.grant = terms.grant
    this.session = terms.session
    this.target = terms.target
    this.scope = terms.scope
    this.login = terms.login
    this.remainingMs = terms.remainingMs
    this.forceCommand = terms.forceCommand
    this.host = terms.host
  }

  static is(value: unknown): value is Passage {
    return typeof value === 'object' && value !== null && #made in value
  }

  /** Hands out the only maker, once; a second claim throws. */
  static claimMaker(): (terms: PassageTerms) => Passage {
    if (claimed) throw new Error('the maker of passages was already claimed by the gateway')
    claimed = true
    return terms => new Passage(terms)
  }
}
