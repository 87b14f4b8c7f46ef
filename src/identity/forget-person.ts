import type { PersonId } from '../kernel/ids.ts'
import type { IdentityContext } from './context.ts'
import { profileRecord } from './profile.ts'

/** Destroys who a pseudonym is. The event that says so is the caller's duty. Idempotent; durable when it resolves. */
export async function forgetPerson(at: IdentityContext, person: PersonId): Promise<void> {
  at.directory.forget(person)
  await at.secrets.destroy(profileRecord(person))
}
