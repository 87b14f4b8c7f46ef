import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { View } from '../journal/slice.ts'
import { people } from './people.ts'
import { decodeProfile, normalHandle, type Profile, profileRecord } from './profile.ts'
import type { Secrets } from './secrets.ts'

/**
 * Who is behind a pseudonym, in memory, read from the vault at start. Owns the uniqueness of handles: the log cannot, as
 * it holds no names; the process can, as it is the log's only writer.
 */
export class Directory {
  readonly #profiles = new Map<PersonId, Profile>()
  readonly #handles = new Map<string, PersonId>()
  /** People whose profile record is missing or is not the one the log names. They cannot sign in. */
  readonly damaged: PersonId[] = []

  static async load(state: View, secrets: Secrets): Promise<Directory> {
    const directory = new Directory()
    for (const { id, profile: digest } of state.all(people)) {
      const profile = decodeProfile(await secrets.get(profileRecord(id)), digest)
      if (profile && !directory.#handles.has(profile.handle)) directory.#admit(id, profile)
      else directory.damaged.push(id)
    }
    return directory
  }

  handleOf(person: PersonId): string | undefined {
    return this.#profiles.get(person)?.handle
  }

  nameOf(person: PersonId): string | undefined {
    return this.#profiles.get(person)?.name
  }

  /** By handle only, never by an address or a name (requirement 3). */
  personOf(handle: string): PersonId | undefined {
    const person = this.#handles.get(normalHandle(handle))
    return person !== undefined && this.#profiles.has(person) ? person : undefined
  }

  /** Takes the handle before the person exists. `admit` makes it visible, `release` gives it back. Fault `conflict` when taken. */
  reserve(profile: Profile, person: PersonId): { admit(): void; release(): void } {
    if (this.#handles.has(profile.handle)) {
      throw new Fault('conflict', `The handle ${profile.handle} is taken.`, {
        next: 'Choose another one; handles of people who left stay theirs.',
      })
    }
    this.#handles.set(profile.handle, person)
    return {
      admit: () => this.#admit(person, profile),
      release: () => this.#handles.delete(profile.handle),
    }
  }

  /** Their handle stays taken as long as this process lives; nobody is called by it any more. */
  forget(person: PersonId): void {
    this.#profiles.delete(person)
  }

  #admit(person: PersonId, profile: Profile): void {
    this.#profiles.set(person, profile)
    this.#handles.set(profile.handle, person)
  }
}
