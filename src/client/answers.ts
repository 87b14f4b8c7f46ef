/** What the API answers, as the command line reads it. The source is /v1/openapi.json; times are RFC 3339 in UTC unless said otherwise. */

export type GrantState =
  | 'requested'
  | 'verified'
  | 'approved'
  | 'active'
  | 'ended'
  | 'reviewed'
  | 'closed'
  | 'denied'
  | 'withdrawn'
  | 'lapsed'

export interface Grant {
  readonly id: string
  readonly state: GrantState
  readonly requester: string
  readonly mine: boolean
  readonly target: string
  readonly scope: string
  readonly procedure: string
  readonly digest: string
  readonly incident?: string
  readonly reason?: string
  readonly verify: { readonly factor: string; readonly within_ms: number }
  readonly approval: {
    readonly mode: 'automatic' | 'people'
    readonly why?: string
    readonly from: { readonly people: readonly string[]; readonly groups: readonly string[] }
    readonly needed: number
    readonly given_by: readonly string[]
    readonly automatic_from?: string
    readonly unanswered_from?: string
  }
  readonly approved?: 'automatic' | 'people' | 'nobody'
  readonly requested_at: string
  readonly lapses_at?: string
  readonly active_at?: string
  readonly ends_at?: string
  readonly ended_at?: string
  readonly end_reason?: string
  readonly duration_ms: number
  readonly extensions_left: number
  readonly unalerted: boolean
}

export interface ConnectionSheet {
  readonly grant: string
  readonly target: string
  readonly protocol: string
  readonly login: string
  readonly secret: string
  readonly host: string
  readonly port: number
  readonly database?: string
  readonly ca: string
  readonly psql?: string
  /** Of SSH: lines for known_hosts. */
  readonly host_keys?: readonly string[]
  readonly ssh?: string
  readonly ends_at: string
}

export interface Session {
  readonly id: string
  readonly grant: string
  readonly person: string
  readonly target: string
  readonly protocol: string
  readonly scope: string
  readonly opened_at: string
  readonly closed_at?: string
  readonly reason?: string
  readonly actions: number
  readonly refused: number
  readonly writes: number
  readonly rows: number
  readonly changed: number
  readonly bytes: number
}

export interface RecordedEntry {
  readonly index: number
  readonly at: string
  readonly type: string
  readonly outcome?: string
  readonly data: Readonly<Record<string, unknown>>
  readonly content?: unknown
  readonly erased?: true
}

/** A statement and what came of it, as `/v1/sessions/{id}/statements` tells it. */
export interface Statement {
  readonly at: string
  readonly n: number
  readonly part?: number
  readonly of?: number
  readonly kind: string
  readonly verbs: readonly string[]
  readonly writes: boolean
  readonly objects: readonly { readonly name: string; readonly access: string }[]
  readonly verdict: string
  readonly rows?: number
  readonly changed?: number
  readonly ms?: number
  readonly error?: { readonly code: string; readonly message?: string }
  readonly refused?: readonly { readonly rule: string; readonly what: string; readonly at?: number }[]
  readonly text?: string
  readonly detail?: Readonly<Record<string, unknown>>
  readonly erased?: true
}

/** Times in milliseconds since 1970, UTC. */
export interface Incident {
  readonly id: string
  readonly title: string
  readonly source: string
  readonly trust: string
  readonly status: string
  readonly severity: number
  readonly services: readonly string[]
  readonly environments: readonly string[]
  readonly responders: readonly { readonly person: string; readonly role: string; readonly state: string }[]
  readonly declared_by: string
  readonly opened_at: number
  readonly updated_at: number
  readonly drill: boolean
  readonly url?: string
}

/** Times in milliseconds since 1970, UTC. */
export interface Review {
  readonly id: string
  readonly grant: string
  readonly requester: string
  readonly target: string
  readonly procedure: string
  readonly incident?: string
  readonly state: 'owed' | 'open' | 'completed'
  readonly ended_at?: number
  readonly due_at?: number
  readonly overdue: boolean
  readonly yours: boolean
  readonly completed?: {
    readonly verdict: string
    readonly necessary: string
    readonly by: string
    readonly at: number
    readonly text?: string
  }
}

export interface Me {
  readonly person: string
  readonly handle: string
  readonly name: string
  readonly groups: readonly string[]
  readonly kind: string
  readonly expires_at: string
  readonly proofs: readonly { readonly factor: string; readonly at: string }[]
  readonly factors: readonly { readonly id: string; readonly kind: string; readonly added_at: string }[]
}

export interface Person {
  readonly id: string
  readonly handle: string
  readonly name: string
  readonly groups: readonly string[]
  readonly disabled: boolean
  readonly factors: readonly string[]
}

export interface Target {
  readonly name: string
  readonly protocol: string
  readonly environment: string
  readonly services: readonly string[]
  readonly scopes: readonly string[]
  readonly procedures: readonly {
    readonly procedure: string
    readonly purpose: string
    readonly scope: string
    readonly factor: string
    readonly default_ms: number
    readonly most_ms: number
  }[]
}

export interface Lock {
  readonly id: string
  readonly kind: string
  readonly name?: string
  readonly by: string
  readonly at: string
}

export interface LogHead {
  readonly log: string
  readonly size: number
  readonly root: string
  readonly trouble?: string
  readonly witnessed?: {
    readonly size: number
    readonly age_ms: number
    readonly failing: readonly { readonly witness: string; readonly why: string }[]
  }
}

export interface Status {
  readonly organisation: string
  readonly version: string
  readonly now: string
  readonly person: string
  readonly groups: readonly string[]
  readonly health: { readonly ok: boolean; readonly facts: Readonly<Record<string, unknown>> }
  readonly policy: { readonly digest: string; readonly alert?: string }
  readonly ledger: readonly LogHead[]
  readonly mine: number
  readonly waiting: number
  readonly locks: number
}

export interface PolicyStatus {
  readonly digest: string
  readonly procedures: readonly string[]
  readonly offered?: {
    readonly digest: string
    readonly accepted_by: readonly string[]
    readonly needed: number
  }
  readonly alert?: string
  readonly problems: readonly {
    readonly file: string
    readonly line: number
    readonly column: number
    readonly message: string
    readonly next: string
  }[]
}

export interface Explanation {
  readonly procedure: string
  readonly file: string
  readonly applies: boolean
  readonly steps: readonly { readonly rule: string; readonly ok: boolean; readonly why: string }[]
}

export interface SignedIn {
  readonly person: string
  readonly handle: string
  readonly expires_at: string
  readonly token: string
}
