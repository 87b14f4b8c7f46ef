/** The normalised record (INTEGRATIONS): procedures and people see only this, whatever the source sent. */
export interface Incident {
  readonly id: string
  /** The name of the configured source, or `self`. */
  readonly source: string
  readonly trust: 'signed' | 'fetched' | 'unsigned' | 'self'
  readonly status: 'open' | 'mitigated' | 'resolved'
  /** 1 (worst) to 5. */
  readonly severity: number
  readonly services: readonly string[]
  readonly environments: readonly string[]
  /** `person` is the handle of a known person (`ana`); people the organisation does not know are left out. */
  readonly responders: readonly Responder[]
  /** The handle of who declared it, or the name of a machine. */
  readonly declared_by: string
  /** Wall times, milliseconds since 1970 UTC. */
  readonly opened_at: number
  readonly updated_at: number
  readonly seen_at: number
  readonly drill: boolean
  readonly url?: string
}

export interface Responder {
  readonly person: string
  readonly role: string
  readonly state: 'assigned' | 'accepted' | 'declined'
}
