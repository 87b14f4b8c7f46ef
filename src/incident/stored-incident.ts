import type { JsonObject } from '../kernel/json.ts'
import type { Incident } from '../kernel/incident.ts'
import type { IncidentId, PersonId } from '../kernel/ids.ts'
import type { JournalEvent } from '../journal/slice.ts'

/** No person we know, yet not a machine either: it may be anybody, the requester under another name included. */
export const UNKNOWN = 'unknown'
export const MACHINE = 'machine'

/** What the log's leaves say about an incident: pseudonyms, no names, no free text. Times in wall ms UTC. */
export interface StoredIncident {
  readonly id: IncidentId
  /** Name of the configured source, or `self`. */
  readonly source: string
  /** SHA-256 hex of the source's own name for it. */
  readonly external: string
  readonly trust: Incident['trust']
  readonly status: Incident['status']
  readonly severity: number
  readonly services: readonly string[]
  readonly environments: readonly string[]
  readonly responders: readonly StoredResponder[]
  readonly declaredBy: PersonId | typeof MACHINE | typeof UNKNOWN
  readonly drill: boolean
  readonly openedAt: number
  readonly updatedAt: number
  /** When we first heard of it, by the log's clock. */
  readonly recordedAt: number
  /** When we last heard of it, by the log's clock. */
  readonly seenAt: number
  /** Index of the event whose payload holds title, names and link. */
  readonly entry: number
  /** Digests of the last messages about it, newest last: a message that comes again changes nothing. */
  readonly messages: readonly string[]
}

export interface StoredResponder {
  readonly person: PersonId
  readonly role: string
  readonly state: 'assigned' | 'accepted' | 'declined'
}

/** What the leaf of `incident.recorded`, `.changed` and `.resolved` carries: always the whole record. */
export type IncidentFacts = Omit<StoredIncident, 'recordedAt' | 'seenAt' | 'entry' | 'messages'>

export function factsToLeaf(facts: IncidentFacts): JsonObject {
  return {
    incident: facts.id,
    source: facts.source,
    external: facts.external,
    trust: facts.trust,
    status: facts.status,
    severity: facts.severity,
    services: facts.services,
    environments: facts.environments,
    responders: facts.responders.map(responder => ({ ...responder })),
    declared_by: facts.declaredBy,
    drill: facts.drill,
    opened_at: facts.openedAt,
    updated_at: facts.updatedAt,
  }
}

/** The leaf was written by `factsToLeaf`; its shape is the log's promise. */
export function factsOf({ data }: JournalEvent): IncidentFacts {
  return {
    id: data.incident as IncidentId,
    source: data.source as string,
    external: data.external as string,
    trust: data.trust as IncidentFacts['trust'],
    status: data.status as IncidentFacts['status'],
    severity: data.severity as number,
    services: data.services as readonly string[],
    environments: data.environments as readonly string[],
    responders: data.responders as unknown as readonly StoredResponder[],
    declaredBy: data.declared_by as IncidentFacts['declaredBy'],
    drill: data.drill as boolean,
    openedAt: data.opened_at as number,
    updatedAt: data.updated_at as number,
  }
}
