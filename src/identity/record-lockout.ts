import type { PersonId } from '../kernel/ids.ts'
import type { IdentityContext } from './context.ts'
import { type Door, identityEvent } from './events.ts'
import type { Lockout } from './people.ts'

/**
 * Writes a lock-out that holds in memory already. Nobody waits for it: it only narrows, and the answer to an unknown handle,
 * which writes nothing, must not be faster.
 */
export function recordLockout(at: IdentityContext, person: PersonId, door: Door, lockout: Lockout): void {
  const event = identityEvent('person.locked_out', {
    person,
    door,
    for_ms: lockout.forMs,
    level: lockout.level,
  })
  at.journal
    .execute(() => ({ events: [event], result: undefined }))
    .catch((error: unknown) => at.report(error))
}
