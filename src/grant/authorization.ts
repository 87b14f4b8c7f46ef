import { type Instant, remaining } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { View } from '../journal/slice.ts'
import type { Grant } from './grant.ts'
import { lockOn } from './locks.ts'
import { grants } from './slice.ts'

/**
 * Proof that at this moment somebody may enter a target under a grant. Only `authorize` makes one; together with a
 * Receipt it is what the gateway needs to widen access (DESIGN §1.1). Short-lived by nature: made, used, forgotten.
 */
export class Authorization {
  readonly #proof = true
  readonly grant: Grant
  /** Milliseconds the grant still had when this was made. */
  readonly remainingMs: number

  private constructor(grant: Grant, remainingMs: number) {
    this.grant = grant
    this.remainingMs = remainingMs
  }

  static is(value: unknown): value is Authorization {
    return typeof value === 'object' && value !== null && #proof in value
  }

  /** Durable state, not speculation: what is not yet signed authorises nobody. Fault when the grant does not hold now. */
  static authorize(state: View, id: string, target: string | undefined, now: Instant): Authorization | Fault {
    const grant = state.get(grants, id)
    if (!grant) return new Fault('grant.not_active', 'There is no such grant.')
    if (target !== undefined && grant.target !== target)
      return new Fault('grant.not_active', `This grant is for ${grant.target}, not for ${target}.`, {
        next: `Ask for access with \`breakglass open ${target}\`.`,
      })
    if (grant.state !== 'active' || !grant.activatedAt)
      return new Fault(
        'grant.not_active',
        `The grant is ${grant.state}${grant.endReason ? `: ${grant.endReason}` : ''}.`,
        {
          next: `Ask again with \`breakglass open ${grant.target}\`.`,
        },
      )
    const left = remaining(grant.activatedAt, grant.durationMs, now)
    if (left <= 0)
      return new Fault('grant.not_active', 'The grant has expired.', {
        next: `Ask again with \`breakglass open ${grant.target}\`.`,
      })
    if (lockOn(state, grant))
      return new Fault('locked', 'A lock stands on this grant.', {
        next: 'Ask the security team who set it.',
      })
    return new Authorization(grant, left)
  }
}
