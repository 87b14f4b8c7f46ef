import { Fault } from '../../kernel/faults.ts'
import type { AppDeps } from '../deps.ts'

/** The pseudonym of a handle in a query; undefined when none was given. Fault `not_found`. */
export function personOf(identity: AppDeps['identity'], handle: string | undefined): string | undefined {
  const person = handle === undefined ? undefined : identity.personOf(handle)
  if (handle !== undefined && person === undefined)
    throw new Fault('not_found', `There is nobody called ${JSON.stringify(handle)}.`, {
      next: 'Give a handle.',
    })
  return person
}
