import type { People } from '../policy/terms.ts'

/** Whether somebody is meant. Two empty lists mean nobody (requirement 7). */
export function includes(
  people: People,
  who: { readonly handle: string; readonly groups: readonly string[] },
): boolean {
  return people.people.includes(who.handle) || people.groups.some(group => who.groups.includes(group))
}

/** `incident-commanders or priya`, for sentences. */
export function nameOf(people: People): string {
  const names = [...people.groups, ...people.people]
  return names.length === 0 ? 'nobody' : names.join(' or ')
}
