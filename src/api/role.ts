import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import { Fault } from '../kernel/faults.ts'
import { includes } from '../grant/people.ts'
import type { AppDeps } from './deps.ts'

type Role = keyof AppDeps['roles']

/** Throws `forbidden` unless the person has one of the roles. An empty role is nobody's (requirement 7). */
export function demandRole(
  roles: AppDeps['roles'],
  who: VerifiedPrincipal,
  ...wanted: readonly Role[]
): void {
  if (wanted.some(role => includes(roles[role], who))) return
  const names = wanted.map(role => `\`${role}\``).join(' or ')
  throw new Fault('forbidden', `This needs the role ${names}.`, {
    next: 'Ask somebody who has it; `roles` in breakglass.yaml names them.',
  })
}
