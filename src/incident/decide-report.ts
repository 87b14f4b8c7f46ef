import { canonicalJson } from '../kernel/canonical-json.ts'
import { sha256Hex } from '../kernel/bytes.ts'
import type { IncidentId, PersonId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { NewEvent, View } from '../journal/slice.ts'
import { externalKey, incidentNames, incidents } from './slice.ts'
import type { Reported, Source } from './source.ts'
import { factsToLeaf, type IncidentFacts, MACHINE, type StoredIncident, UNKNOWN } from './stored-incident.ts'

/** How often at most the log is told that a repeating source still says the same. */
const SEEN_EVERY_MS = 3_600_000

export interface Report {
  readonly reported: Reported
  /** Name of the configured source. */
  readonly source: string
  readonly kind: Pick<Source, 'trust' | 'order'>
  /** SHA-256 hex of the message's name; undefined when the source names none. */
  readonly message: string | undefined
  /** SHA-256 hex of the raw body: ties the record to what was sent. */
  readonly digest: string
  /** The id to use should this be a new incident. */
  readonly freshId: IncidentId
  /** The source's name of a person → pseudonym. */
  readonly personOf: (name: string) => PersonId | undefined
}

export interface Outcome {
  readonly id: IncidentId
  /** `unchanged`: heard before, older than what is known, or nothing new. */
  readonly effect: 'recorded' | 'changed' | 'resolved' | 'unchanged'
}

/** What a report changes. Pure; `now`: wall ms of the log. */
export function decideReport(
  state: View,
  now: number,
  report: Report,
): { outcome: Outcome; event?: NewEvent } {
  const external = sha256Hex(report.reported.external)
  const known = latest(state, externalKey(report.source, external))
  const heard = known !== undefined && report.message !== undefined && known.messages.includes(report.message)
  const facts = factsFrom(report, external, known, now)
  if (
    !known ||
    (known.status === 'resolved' &&
      facts.status !== 'resolved' &&
      facts.updatedAt > known.updatedAt &&
      !heard)
  )
    return record('recorded', { ...facts, id: report.freshId }, report)
  if (heard || known.status === 'resolved' || facts.updatedAt < known.updatedAt) return unchanged(known)
  if (sameSubstance(known, facts)) {
    if (report.kind.order === 'arrival') return seen(known, facts, now)
    if (facts.updatedAt === known.updatedAt) return unchanged(known)
  }
  return record(facts.status === 'resolved' ? 'resolved' : 'changed', facts, report)
}

function latest(state: View, key: string): StoredIncident | undefined {
  const id = state.get(incidentNames, key)
  return id && state.get(incidents, id)
}

function factsFrom(
  report: Report,
  external: string,
  known: StoredIncident | undefined,
  now: number,
): IncidentFacts {
  const { reported } = report
  return {
    id: known?.id ?? report.freshId,
    source: report.source,
    external,
    trust: report.kind.trust,
    status: reported.status,
    severity: reported.severity,
    services: reported.services,
    environments: reported.environments,
    responders: reported.responders.flatMap(({ name, role, state }) => {
      const person = report.personOf(name)
      return person === undefined ? [] : [{ person, role, state }]
    }),
    declaredBy: declarer(report),
    drill: reported.drill,
    openedAt: Math.min(reported.openedAt, now),
    // A moment in the future would lock out every later message.
    updatedAt: Math.min(reported.updatedAt, now),
  }
}

function declarer({ reported, personOf }: Report): IncidentFacts['declaredBy'] {
  if (reported.declaredBy === undefined) return UNKNOWN
  if ('machine' in reported.declaredBy) return MACHINE
  return personOf(reported.declaredBy.name) ?? UNKNOWN
}

function record(effect: 'recorded' | 'changed' | 'resolved', facts: IncidentFacts, report: Report) {
  const { message, digest } = report
  const event: NewEvent = {
    type: `incident.${effect}`,
    ...(facts.declaredBy.startsWith('p_') && { subject: facts.declaredBy }),
    data: { ...factsToLeaf(facts), digest, ...(message !== undefined && { message }) },
    payload: payloadOf(report.reported),
    seal: facts.id,
  }
  return { outcome: { id: facts.id, effect }, event }
}

/** The record as the source told it, names and all: what people read and what a later dispute needs. */
function payloadOf({ declaredBy, url, responders, external, title }: Reported): JsonObject {
  return {
    external,
    title,
    responders: responders.map(responder => ({ ...responder })),
    ...(declaredBy !== undefined && { declared_by: { ...declaredBy } }),
    ...(url !== undefined && { url }),
  }
}

function seen(known: StoredIncident, facts: IncidentFacts, now: number) {
  if (now - known.seenAt < SEEN_EVERY_MS) return unchanged(known)
  return {
    outcome: { id: known.id, effect: 'unchanged' as const },
    event: { type: 'incident.seen', data: { incident: known.id, updated_at: facts.updatedAt } },
  }
}

function unchanged(known: StoredIncident) {
  return { outcome: { id: known.id, effect: 'unchanged' as const } }
}

function sameSubstance(known: StoredIncident, facts: IncidentFacts): boolean {
  const text = (of: IncidentFacts): string => canonicalJson(factsToLeaf({ ...of, updatedAt: 0 }))
  return text(known) === text(facts)
}
