import type { Identity } from '../identity/create-identity.ts'
import type { Journal } from '../journal/journal.ts'
import type { PersonId } from '../kernel/ids.ts'
import { ACCEPTANCE, procedureSets } from '../policy/acceptance.ts'
import type { Config } from './config/config.ts'

export interface Welcome {
  readonly organisation: string
  /** One-time links of owners who have no factor yet; whoever opens one becomes that owner. To be shown once. */
  readonly links: readonly { readonly handle: string; readonly link: string; readonly expiresMs: number }[]
}

export interface FirstStartOptions {
  readonly config: Pick<Config, 'organisation' | 'owners'>
  readonly journal: Journal
  readonly identity: Pick<Identity, 'personOf' | 'addPerson' | 'find' | 'issueEnrolment'>
  readonly version: string
}

/**
 * Founds the organisation once, and hands out links to owners who cannot sign in yet: also after a crash amid the first
 * start, and again while an owner has not enrolled, as nobody else could let them in.
 */
export async function firstStart({
  config,
  journal,
  identity,
  version,
}: FirstStartOptions): Promise<Welcome | undefined> {
  if (!journal.state.get(procedureSets, ACCEPTANCE)) await found(config, journal, identity, version)
  const links: Welcome['links'][number][] = []
  for (const owner of journal.state.get(procedureSets, ACCEPTANCE)?.owners ?? []) {
    const person = identity.find(owner)
    if (!person || person.disabled || person.factors.length > 0) continue
    const { link, expiresMs } = await identity.issueEnrolment({ person: owner })
    const handle = config.owners.people.find(name => identity.personOf(name) === owner) ?? owner
    links.push({ handle, link, expiresMs })
  }
  return links.length === 0 ? undefined : { organisation: config.organisation, links }
}

async function found(
  { organisation: name, owners }: FirstStartOptions['config'],
  journal: Journal,
  identity: FirstStartOptions['identity'],
  version: string,
): Promise<void> {
  const people: PersonId[] = []
  for (const handle of owners.people)
    people.push(identity.personOf(handle) ?? (await identity.addPerson({ handle, name: handle, groups: [] })))
  await journal.execute(state => ({
    events: state.get(procedureSets, ACCEPTANCE)
      ? []
      : [
          {
            type: 'organisation.created',
            data: { organisation: name, owners: people, owners_needed: owners.count, version },
          },
        ],
    result: undefined,
  }))
}
