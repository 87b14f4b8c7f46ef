import type { Incident } from '../kernel/incident.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { Target } from '../kernel/target.ts'
import type { Instant } from '../kernel/clock.ts'
import type { StoredIncident } from '../incident/stored-incident.ts'
import type { Journal } from '../journal/journal.ts'
import type { View } from '../journal/slice.ts'
import type { ProcedureSet } from '../policy/procedure.ts'
import type { People } from '../policy/terms.ts'
import type { EndReason, Grant } from './grant.ts'

/** What grants need of others; wired in `server/`. Queries are pure over the given state. */
export interface GrantPorts {
  readonly journal: Journal
  /** The set in force at this moment. */
  procedures(): ProcedureSet
  target(name: string): Target | undefined
  handleOf(person: PersonId): string | undefined
  personOf(handle: string): PersonId | undefined
  personEnabled(state: View, person: PersonId): boolean
  incidentRecord(stored: StoredIncident): Incident
  /** A duty of this person that stands against new requests, such as an overdue review. */
  duty(
    state: View,
    person: PersonId,
    now: Instant,
  ): { readonly why: string; readonly next: string } | undefined
  /** At least one alert channel confirmed something about this grant. */
  alerted(state: View, grant: string): boolean
  readonly roles: { readonly revoke: People; readonly lock: People; readonly audit: People }
  /**
   * Stops everything under the grant at once, before the event is written: when the call returns nothing more is
   * forwarded. The promise resolves when sessions are closed; the target's clean-up goes on behind it.
   */
  cut(grant: Grant, reason: EndReason): Promise<void>
  /** A narrowing act could not be recorded: the alert goes out directly, marked `unlogged`. */
  unlogged(what: string, facts: Record<string, string>): void
}
