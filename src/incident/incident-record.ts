import type { Incident } from '../kernel/incident.ts'
import type { PersonId } from '../kernel/ids.ts'
import { MACHINE, type StoredIncident, UNKNOWN } from './stored-incident.ts'

/**
 * The record procedures judge and people read: handles instead of pseudonyms. People whose handle is gone are left out
 * as responders; as declarer they become `unknown`. `url` and the title are in the payload and not part of it.
 */
export function incidentRecord(
  stored: StoredIncident,
  handleOf: (person: PersonId) => string | undefined,
): Incident {
  return {
    id: stored.id,
    source: stored.source,
    trust: stored.trust,
    status: stored.status,
    severity: stored.severity,
    services: stored.services,
    environments: stored.environments,
    responders: stored.responders.flatMap(({ person, role, state }) => {
      const handle = handleOf(person)
      return handle === undefined ? [] : [{ person: handle, role, state }]
    }),
    declared_by: declarer(stored.declaredBy, handleOf),
    opened_at: stored.openedAt,
    updated_at: stored.updatedAt,
    seen_at: stored.seenAt,
    drill: stored.drill,
  }
}

function declarer(
  by: StoredIncident['declaredBy'],
  handleOf: (person: PersonId) => string | undefined,
): string {
  return by === MACHINE || by === UNKNOWN ? by : (handleOf(by) ?? UNKNOWN)
}
