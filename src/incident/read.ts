import { Fault, isFault } from '../kernel/faults.ts'
import type { Incident } from '../kernel/incident.ts'
import { isObject } from './fields.ts'
import { incidentRecord } from './incident-record.ts'
import type { IncidentPorts } from './ports.ts'
import { incidents } from './slice.ts'
import type { StoredIncident } from './stored-incident.ts'

/** For people: the record with what its payload adds. `title` is empty once its key was destroyed. */
export interface ReadableIncident extends Incident {
  readonly title: string
}

/** Newest first. `open: true` leaves out resolved ones. */
export async function list(
  ports: IncidentPorts,
  { open = false }: { readonly open?: boolean } = {},
): Promise<readonly ReadableIncident[]> {
  const { state } = ports.journal
  const found = [...(open ? state.hot(incidents) : state.all(incidents))]
  found.sort((a, b) => b.recordedAt - a.recordedAt || (a.id < b.id ? 1 : -1))
  return Promise.all(found.slice(0, 200).map(incident => readable(ports, incident)))
}

/** Fault `not_found`. */
export async function read(ports: IncidentPorts, id: string): Promise<ReadableIncident> {
  const found = ports.journal.state.get(incidents, id)
  if (!found)
    throw new Fault('not_found', `There is no incident ${id}.`, {
      next: 'List them with `breakglass incidents`.',
    })
  return readable(ports, found)
}

async function readable(
  { journal, handles }: IncidentPorts,
  stored: StoredIncident,
): Promise<ReadableIncident> {
  const record = incidentRecord(stored, person => handles.handleOf(person))
  const payload = await journal.payload(stored.entry).catch((error: unknown) => {
    if (isFault(error, 'evidence.erased')) return undefined
    throw error
  })
  if (!isObject(payload)) return { ...record, title: '' }
  const { title, url } = payload
  return {
    ...record,
    title: typeof title === 'string' ? title : '',
    ...(typeof url === 'string' && { url }),
  }
}
