import { newId, type PersonId } from '../kernel/ids.ts'
import { checkGroups } from './check-groups.ts'
import type { IdentityContext } from './context.ts'
import { identityEvent } from './events.ts'
import { checkProfile, encodeProfile, profileRecord } from './profile.ts'

export interface AddPerson {
  readonly handle: string
  readonly name: string
  readonly groups: readonly string[]
  /** Absent when the organisation itself is being set up. */
  readonly by?: PersonId
}

/**
 * Makes a local person: issuer `local`, its own id as subject. The profile is durable in the vault before the event that
 * names its digest. Faults: `input.invalid`, `conflict` when the handle is taken.
 */
export async function addPerson(at: IdentityContext, input: AddPerson): Promise<PersonId> {
  const profile = checkProfile(input)
  const groups = checkGroups(input.groups)
  const person = newId('person')
  const handle = at.directory.reserve(profile, person)
  const { bytes, digest } = encodeProfile(profile)
  const event = identityEvent('person.added', {
    person,
    issuer: 'local',
    subject: person,
    groups,
    profile: digest,
    ...(input.by ? { by: input.by } : {}),
  })
  try {
    await at.secrets.put(profileRecord(person), bytes)
    await at.journal.execute(() => ({ events: [event], result: undefined }))
  } catch (error) {
    handle.release()
    throw error
  }
  handle.admit()
  return person
}
