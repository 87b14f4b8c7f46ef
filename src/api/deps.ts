import type { EvidenceReader } from '../evidence/export.ts'
import type { ErasedThing } from '../evidence/erase.ts'
import type { ClientCredentials } from '../gateway/client-credential.ts'
import type { LiveSessions } from '../gateway/live-sessions.ts'
import type { Grants } from '../grant/grants.ts'
import type { Identity } from '../identity/create-identity.ts'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import type { Incidents } from '../incident/incidents.ts'
import type { Journal } from '../journal/journal.ts'
import type { Target } from '../kernel/target.ts'
import type { Subject } from '../ledger/bundle/manifest.ts'
import type { Explanation } from '../policy/explain.ts'
import type { People } from '../policy/terms.ts'
import type { Problem } from '../policy/problem.ts'
import type { ProcedureSet } from '../policy/procedure.ts'
import type { Recordings } from '../recording/recordings.ts'
import type { Reviews } from '../review/reviews.ts'
import type { CheckLine } from '../target/protocol.ts'

/** How a native client reaches a target through the gateway. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** For protocols that have one. */
  readonly database?: string
  /** Of SSH: the gateway's host key, `ssh-ed25519 AAAA…`, and the one that will follow it. */
  readonly hostKeys?: readonly string[]
}

export interface TargetDesk {
  /** Sorted by name. */
  list(): readonly Target[]
  find(name: string): Target | undefined
  /** Undefined while no gateway listens for the target's protocol. */
  endpoint(target: Target): Endpoint | undefined
  plan(target: Target): string
  check(target: Target): Promise<readonly CheckLine[]>
}

/** Which of the gateway's own SSH keys. */
export type SshKeyUse = 'host' | 'ca'

export interface SshKeyDesk {
  /** Public halves, each `ssh-ed25519 AAAA…`; `next`: made, not used yet. */
  show(): Readonly<Record<SshKeyUse, string>> & {
    readonly next: Readonly<Partial<Record<SshKeyUse, string>>>
  }
  /** Faults `conflict`: there is one; `identity.step_up_required`. */
  makeNext(by: VerifiedPrincipal, use: SshKeyUse): Promise<void>
  /** Faults `conflict`: there is none; `identity.step_up_required`. */
  withdraw(by: VerifiedPrincipal, use: SshKeyUse): Promise<void>
  /** `although`: names of targets that need not trust it. Faults `conflict`: there is none, or a host is not ready; `identity.step_up_required`. */
  switchTo(by: VerifiedPrincipal, use: SshKeyUse, although: readonly string[]): Promise<void>
}

export interface PolicyStatus {
  /** Digest of the set in force. */
  readonly digest: string
  readonly procedures: readonly string[]
  /** What lies in the folder, when it differs from what is in force. */
  readonly offered?: {
    readonly digest: string
    readonly accepted_by: readonly string[]
    readonly needed: number
  }
  /** Why the folder's set is not in force. */
  readonly alert?: string
  readonly problems: readonly Problem[]
}

export interface PolicyDesk {
  set(): ProcedureSet
  status(): PolicyStatus
  explain(input: {
    readonly who: { readonly id: string; readonly groups: readonly string[] }
    readonly target: string
    readonly incident?: string
    readonly procedure?: string
    readonly durationMs?: number
  }): readonly Explanation[]
  /** An owner's yes to the set with this digest. Faults `forbidden`, `conflict`, `identity.step_up_required`. */
  accept(who: VerifiedPrincipal, digest: string): Promise<PolicyStatus>
  /** Reads the folder again; what is valid and accepted comes into force at once. */
  reload(who: VerifiedPrincipal): Promise<PolicyStatus>
}

export interface LogHead {
  readonly log: string
  readonly size: number
  /** Hex. */
  readonly root: string
  readonly trouble?: 'full' | 'failed'
  /** Where witnesses are asked. */
  readonly witnessed?: {
    /** Entries of the newest head that satisfies their policy; 0 before the first. */
    readonly size: number
    /** Since they were asked for it. */
    readonly age_ms: number
    readonly failing: readonly { readonly witness: string; readonly why: string }[]
  }
}

/** In the text format of Prometheus. */
export interface Metrics {
  readonly type: string
  text(): Promise<string>
}

export interface LedgerDesk {
  heads(): readonly LogHead[]
  /** A file of the standard tile layout (`checkpoint`, `tile/0/000`); undefined when there is none. */
  file(log: string, path: string): Promise<Buffer | undefined>
  /** A C2SP tlog-proof of one entry. Fault `not_found`. */
  prove(log: string, index: number): Promise<string>
  /** C2SP tlog-policy: the keys of the logs, and the witnesses that are asked. */
  policy(): Promise<string>
}

export interface EvidenceDesk {
  /** Logs who exports what, then makes the bundle while it is read. Faults `not_found`, `forbidden`, `input.invalid`. */
  export(reader: EvidenceReader, subject: Subject): Promise<AsyncGenerator<Buffer>>
  /** Faults `not_found`, `conflict` (still needed, too young, erased already), `identity.step_up_required`, `input.invalid`. */
  erase(by: VerifiedPrincipal, of: ErasedThing, reason: string): Promise<void>
}

/** Everything the API serves, made by `server/`. */
export interface AppDeps {
  readonly organisation: string
  readonly version: string
  readonly origins: readonly [string, ...string[]]
  readonly caPem: string
  readonly journal: Journal
  readonly identity: Identity
  readonly grants: Grants
  readonly credentials: Pick<ClientCredentials, 'issue'>
  /** Sessions of this process. */
  readonly live: Pick<LiveSessions, 'of'>
  readonly incidents: Incidents
  readonly reviews: Reviews
  readonly recordings: Recordings
  readonly targets: TargetDesk
  /** Undefined while no gateway listens for SSH. */
  readonly sshKeys: SshKeyDesk | undefined
  readonly policy: PolicyDesk
  readonly ledger: LedgerDesk
  readonly evidence: EvidenceDesk
  readonly metrics: Metrics
  readonly roles: {
    readonly administer: People
    readonly lock: People
    readonly audit: People
    readonly revoke: People
  }
  /** Facts for `/v1/health`; `ok` false answers 503. */
  health(): { readonly ok: boolean; readonly facts: Readonly<Record<string, string | number | boolean>> }
  onInternal(cause: unknown, at: string): void
}
