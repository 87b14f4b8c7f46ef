import type { JournalEvent } from '../journal/slice.ts'
import { factsOf, type StoredIncident } from './stored-incident.ts'

/** Covers every retry a sender makes within the tolerance of its time stamp; older ones are refused by their age. */
const MESSAGES_KEPT = 16

/** Pure. A resolved incident stays resolved: what breaks again is a new incident. */
export function evolve(
  incident: StoredIncident | undefined,
  event: JournalEvent,
): StoredIncident | undefined {
  switch (event.type) {
    case 'incident.recorded':
      if (incident) return incident
      return {
        ...factsOf(event),
        recordedAt: event.t,
        seenAt: event.t,
        entry: event.index,
        messages: messageOf(event),
      }
    case 'incident.changed':
    case 'incident.resolved':
      if (!incident || incident.status === 'resolved') return incident
      return {
        ...factsOf(event),
        recordedAt: incident.recordedAt,
        seenAt: event.t,
        // A person who resolves it adds no payload; title and names stay where they were.
        entry: event.data.by === undefined ? event.index : incident.entry,
        messages: [...incident.messages, ...messageOf(event)].slice(-MESSAGES_KEPT),
      }
    case 'incident.seen':
      if (!incident || incident.status === 'resolved') return incident
      return { ...incident, updatedAt: event.data.updated_at as number, seenAt: event.t }
    default:
      return incident
  }
}

function messageOf(event: JournalEvent): readonly string[] {
  return typeof event.data.message === 'string' ? [event.data.message] : []
}
