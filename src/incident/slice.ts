import type { IncidentId } from '../kernel/ids.ts'
import type { JournalEvent, Slice } from '../journal/slice.ts'
import { evolve } from './evolve.ts'
import type { StoredIncident } from './stored-incident.ts'

/** All incidents by id. Hot: those not resolved. */
export const incidents: Slice<StoredIncident> = {
  name: 'incidents',
  keys: event => (event.type.startsWith('incident.') ? [event.data.incident as string] : []),
  evolve,
  hot: incident => incident.status !== 'resolved',
}

/** The newest incident a source knows under a name of its own; key `externalKey`. */
export const incidentNames: Slice<IncidentId> = {
  name: 'incident-names',
  keys: (event: JournalEvent) =>
    event.type === 'incident.recorded'
      ? [externalKey(event.data.source as string, event.data.external as string)]
      : [],
  evolve: (_, event) => event.data.incident as IncidentId,
}

/** `external`: SHA-256 hex of the source's name, which is text from outside and stays out of the leaf. */
export function externalKey(source: string, external: string): string {
  return `${source}/${external}`
}
