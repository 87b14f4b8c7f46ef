import type { View } from '../journal/slice.ts'
import { factorRecord } from './factor-record.ts'
import { people } from './people.ts'
import { profileRecord } from './profile.ts'
import type { Secrets } from './secrets.ts'

/**
 * Destroys vault records no event names: what a crash left between `put` and the event, or between the event that removed
 * a factor and `destroy`. Only at start, before anybody is served, as then nothing is under way. Returns the names.
 */
export async function sweepOrphans(state: View, secrets: Secrets): Promise<readonly string[]> {
  const named = new Set<string>()
  for (const person of state.all(people)) {
    named.add(profileRecord(person.id))
    for (const { id } of person.factors) named.add(factorRecord(id))
  }
  const stored = [...(await secrets.list('factor/')), ...(await secrets.list('profile/'))]
  const orphans = stored.filter(name => !named.has(name))
  for (const name of orphans) await secrets.destroy(name)
  return orphans
}
