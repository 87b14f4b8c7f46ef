import type { Target } from '../kernel/target.ts'
import type { TargetLogin } from './passage.ts'

/** A login that the target's owner installed in a scope for the day the target takes no new ones. */
export interface DormantLogin {
  /** Carries the target and the scope; never the name of a grant's own login. */
  readonly name: string
  readonly scope: string
}

/**
 * What a protocol knows of dormant logins. Their secrets are the gateway's: sealed in the vault, shown to nobody, changed after
 * each use (docs/decisions/0014).
 */
export interface DormantLogins {
  /** As configured; whether they are installed is for `check`. */
  of(target: Target): readonly DormantLogin[]
  /** Resolves when a secret given now would hold where sessions go; faults as `arm`. Changes nothing. */
  ready(target: Target): Promise<void>
  /**
   * Gives the login `login.secret`, valid for `validMs` by the target's clock, and waits until that holds where sessions go.
   * Nobody gets access by it. Idempotent. Faults: `target.unreachable`, `target.misconfigured`;
   * `facts.unchanged` when the former secret certainly holds still.
   */
  arm(target: Target, login: TargetLogin, validMs: number): Promise<void>
}
