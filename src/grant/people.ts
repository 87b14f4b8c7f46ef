import type { PersonId } from '../kernel/ids.ts'
import type { People } from '../policy/terms.ts'

interface Somebody {
  readonly person: PersonId
  readonly handle: string
  readonly groups: readonly string[]
}

/**
 * Whether somebody is meant. Two empty lists mean nobody (requirement 7). People stand by handle in configuration and by
 * pseudonym in what a grant was given under; no handle has the form of a pseudonym.
 */
export function includes(people: People, who: Somebody): boolean {
  return (
    people.people.includes(who.person) ||
    people.people.includes(who.handle) ||
    people.groups.some(group => who.groups.includes(group))
  )
}

/** For the log, whose leaves name nobody: handles become pseudonyms, and whoever is unknown is left out. */
export function pseudonymous(people: People, personOf: (handle: string) => PersonId | undefined): People {
  return { people: people.people.flatMap(handle => personOf(handle) ?? []), groups: people.groups }
}

/** `incident-commanders or 2 people it names`, for sentences: a pseudonym says nothing to a reader. */
export function nameOf(people: People): string {
  const { length } = people.people
  const named = length === 0 ? [] : [length === 1 ? 'a person it names' : `${length} people it names`]
  return [...people.groups, ...named].join(' or ') || 'nobody'
}
