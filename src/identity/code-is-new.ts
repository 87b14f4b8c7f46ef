import type { FactorId } from './events.ts'
import type { Person } from './people.ts'

/**
 * Each TOTP step is accepted once (requirement 2, RFC 6238 §5.2): it must lie above the last one used. Judged on the state
 * of the decision, which knows the commands still in flight, so of two simultaneous uses one wins.
 */
export function codeIsNew(person: Person, factor: FactorId, step: number): boolean {
  const held = person.factors.find(each => each.id === factor)
  return held !== undefined && (held.step === undefined || step > held.step)
}
