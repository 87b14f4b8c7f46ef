import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { IdentityContext } from './context.ts'
import { identityEvent } from './events.ts'
import { knownPerson } from './known-person.ts'
import { newSecret } from './secret.ts'

export interface IssuedEnrolment {
  /** Shown once, kept nowhere. */
  readonly secret: string
  /** Carries the secret behind `#`, where no server and no proxy log sees it. */
  readonly link: string
  readonly expiresMs: number
}

/**
 * A one-time link with which the person registers a first factor. A newer link ends the older one. Whoever holds it
 * becomes that person, which is why it is an event with the name of who issued it.
 */
export async function issueEnrolment(
  at: IdentityContext,
  input: { readonly person: PersonId; readonly by?: PersonId },
): Promise<IssuedEnrolment> {
  const { secret, digest } = newSecret('enrolment')
  const forMs = at.settings.enrolmentMs
  await at.journal.execute(state => {
    const person = knownPerson(state, input.person)
    if (person instanceof Fault) return person
    if (person.disabled) {
      return new Fault('identity.disabled', 'This person is disabled.', { next: 'Enable the person first.' })
    }
    const by = input.by ? { by: input.by } : {}
    const event = identityEvent('enrolment.issued', {
      person: person.id,
      enrolment: digest,
      for_ms: forMs,
      ...by,
    })
    return { events: [event], result: undefined }
  })
  return { secret, link: `${at.settings.origin}/enrol#${secret}`, expiresMs: forMs }
}
