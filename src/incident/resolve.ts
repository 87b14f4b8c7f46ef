import { Fault } from '../kernel/faults.ts'
import { incidents } from './slice.ts'
import { SELF } from './declare.ts'
import type { Actor, IncidentPorts } from './ports.ts'
import { factsToLeaf } from './stored-incident.ts'

/**
 * A person says that an incident declared here is over. Idempotent. What a source told us only the source takes back: its next
 * message would contradict us. Faults: `not_found`, `conflict`.
 */
export async function resolve({ journal }: IncidentPorts, by: Actor, id: string): Promise<void> {
  await journal.execute((state, { wall }) => {
    const known = state.get(incidents, id)
    if (!known)
      return new Fault('not_found', `There is no incident ${id}.`, {
        next: 'List them with `breakglass incidents`.',
      })
    if (known.source !== SELF)
      return new Fault('conflict', `This incident belongs to ${known.source}.`, {
        next: `Resolve it in ${known.source}; its message ends it here.`,
      })
    if (known.status === 'resolved') return { events: [], result: undefined }
    return {
      events: [
        {
          type: 'incident.resolved',
          subject: by.person,
          data: { ...factsToLeaf({ ...known, status: 'resolved', updatedAt: wall }), by: by.person },
        },
      ],
      result: undefined,
    }
  })
}
