import type { Incident } from '../kernel/incident.ts'
import type { Target } from '../kernel/target.ts'

/** Everything a decision may know. Times and durations in milliseconds. */
export interface Facts {
  readonly requester: {
    /** The handle (`ana`), the same that incidents and procedures use. */
    readonly id: string
    readonly groups: readonly string[]
    /** A drill identity; satisfies only procedures with `drill: true`. */
    readonly drill?: boolean
  }
  readonly target: Pick<Target, 'name' | 'protocol' | 'environment' | 'services'>
  readonly incident?: Incident | undefined
  readonly request: { readonly durationMs?: number | undefined }
  /** Wall time, milliseconds since 1970 UTC. */
  readonly now: number
}

const ENTRIES = 200
const GROUPS = 1000
const CHARACTERS = 500
/** What a Date can hold (ECMA-262 §21.4.1.1). */
const LATEST = 8.64e15

/**
 * Why conditions must not be evaluated over these facts, or undefined. Incidents come from outside: bounded lists and
 * texts keep every condition within milliseconds, and numbers must be ones that CEL can hold.
 */
export function whyUnreadable({ incident, requester, target, now }: Facts): string | undefined {
  if (requester.groups.length > GROUPS) return `the requester is in more than ${GROUPS} groups`
  if (target.services.length > ENTRIES) return `the target has more than ${ENTRIES} services`
  if (!isTime(now)) return 'the time of the decision is not a time'
  if (incident === undefined) return undefined
  if (!Number.isSafeInteger(incident.severity)) return 'the severity of the incident is not a whole number'
  if (![incident.opened_at, incident.updated_at, incident.seen_at].every(isTime))
    return 'a time of the incident is not a time'
  const { services, environments, responders } = incident
  if (services.length > ENTRIES || environments.length > ENTRIES || responders.length > ENTRIES) {
    return `the incident lists more than ${ENTRIES} services, environments or responders`
  }
  const texts = [incident.id, incident.source, incident.declared_by, incident.url ?? '']
  const long = texts.some(isLong) || services.some(isLong) || environments.some(isLong)
  if (long || responders.some(({ person, role }) => isLong(person) || isLong(role))) {
    return `the incident holds a text of more than ${CHARACTERS} characters`
  }
  return undefined
}

function isLong(text: string): boolean {
  return text.length > CHARACTERS
}

function isTime(ms: number): boolean {
  return Number.isFinite(ms) && Math.abs(ms) <= LATEST
}
