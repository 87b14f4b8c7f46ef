import type { PersonId } from '../kernel/ids.ts'
import type { Journal } from '../journal/journal.ts'
import type { Mapping } from './source.ts'
import type { SOURCES } from './sources/registry.ts'

/** A source as configured. */
export interface ConfiguredSource {
  /** As in `POST /v1/incidents/sources/{name}`. */
  readonly name: string
  readonly kind: keyof typeof SOURCES
  /** Read at each message, so that rotation needs no restart; any one suffices. */
  secrets(): readonly string[]
  /** The source's name of a person (mail, login) → handle. */
  readonly people: Readonly<Record<string, string>>
  readonly mapping: Mapping
}

/** Who is who; owned by identity. */
export interface Handles {
  personOf(handle: string): PersonId | undefined
  handleOf(person: PersonId): string | undefined
}

export interface IncidentPorts {
  readonly journal: Journal
  readonly handles: Handles
  readonly sources: readonly ConfiguredSource[]
}

/** Who acts; a VerifiedPrincipal is one. */
export interface Actor {
  readonly person: PersonId
}
