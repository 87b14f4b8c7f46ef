import { Fault } from '../kernel/faults.ts'
import type { TokenKind } from './events.ts'

/** What takes a person with a factor in hand is not for a program's token, whoever it acts for (requirement 10). */
export function refusePrograms(kind: TokenKind): Fault | undefined {
  if (kind !== 'api') return undefined
  return new Fault('forbidden', 'This takes a person with a factor in hand; an API token has none.', {
    next: 'Sign in as yourself.',
  })
}
