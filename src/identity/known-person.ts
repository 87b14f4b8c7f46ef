import { Fault } from '../kernel/faults.ts'
import type { View } from '../journal/slice.ts'
import { people, type Person } from './people.ts'

export function knownPerson(state: View, person: string): Person | Fault {
  return (
    state.get(people, person) ??
    new Fault('not_found', 'There is no such person.', { next: 'List people with `breakglass people`.' })
  )
}
