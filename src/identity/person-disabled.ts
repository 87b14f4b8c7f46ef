import { Fault } from '../kernel/faults.ts'

/** Said only to somebody who has proven to be that person. */
export function personDisabled(): Fault {
  return new Fault('identity.disabled', 'Your access is switched off.', {
    next: 'Ask an administrator to enable you.',
  })
}
