/** Rules that a scope can refuse, by the name used in procedures (`scope.refuse`). Absolute ones hold without being listed. */
export interface SessionRules {
  /** Whose rules these are, so that a refusal can say who refuses; absent where no procedure is involved. */
  readonly procedure?: string
  readonly refuse: readonly string[]
  readonly writesPerStatement: number | undefined
  /** Columns whose values leave masked: `table.column`, and what stays readable of them. Empty for most. */
  readonly mask: readonly { readonly column: string; readonly keep: string }[]
  readonly evidence: 'before' | 'with' | 'none'
  /** Writes run in a held transaction until the person decides; undefined: they act at once. */
  readonly rehearse?: RehearsalRules | undefined
  /** What a session on a host may do beyond running things; undefined: no forward, nothing that is off by default. */
  readonly host?: HostRules | undefined
  /** Whether bind values are part of the recorded action. */
  readonly bindValues: boolean
  /** Results recorded up to this many bytes per action; 0 records counts only. */
  readonly resultBytes: number
}

/** Rules for protocols that reach a host. Empty lists allow nothing. */
export interface HostRules {
  /** Patterns over the parsed command (`systemctl restart *`), one of which must fit; undefined: any command. Best effort. */
  readonly commands?: readonly string[]
  /** Patterns of commands that are never run. Best effort. */
  readonly never: readonly string[]
  /** Destinations of forwards: `host:port`, either may be `*`; `unix:/path` for sockets. */
  readonly forward: readonly string[]
  /** What is off unless named here: `agent_forwarding`, `x11_forwarding`, `remote_forwarding`. */
  readonly allow: readonly string[]
}

export interface RehearsalRules {
  /** Undecided writes are rolled back this long after the last of them. */
  readonly withinMs: number
  /** Rows of which one statement keeps before-images and an inverse. */
  readonly rows: number
  /** Rows of which the person sees what changed. */
  readonly show: number
}

/** Something the person may not do: which rule, what was seen, the way out. */
export interface Objection {
  readonly rule: string
  /** One sentence: `update without WHERE`. */
  readonly what: string
  /** One sentence that names the way out. */
  readonly next: string
  /** Where in the action's text, in characters (code points) from 1; absent when it has no place. */
  readonly at?: number
}

/**
 * Qualified names (`public.orders`) by how they are touched, each list without repeats; a list that would be empty is absent.
 * A name may stand in several. Sealed, as they may name people or customers.
 */
export type Touched = {
  /** Read or merely named. */
  readonly reads?: readonly string[]
  /** Rows of these change. */
  readonly changes?: readonly string[]
  /** Created, altered, dropped, or given rights on. */
  readonly defines?: readonly string[]
  /** Procedures, and functions that are not known to compute only. */
  readonly calls?: readonly string[]
}

/** One of several things done by one action, such as a statement of a message. */
export interface ActionPart {
  readonly verb: string
  readonly writes: boolean
  readonly touched?: Touched
  /** Its place in the action's text: characters (code points), from 1. */
  readonly at: number
  readonly length: number
}

/** One thing done in a session, before it is done. The protocol fills it; the gateway records it. */
export interface Action {
  /** `query`, `parse`, `bind`, `copy_in`, `function_call`, `cancel`, … */
  readonly kind: string
  /** Leaf facts: verbs and counts, no text of the person. */
  readonly verbs: readonly string[]
  readonly writes: boolean
  /** Absent when nothing is. */
  readonly touched?: Touched
  /** Sealed: present when the action does several things. */
  readonly parts?: readonly ActionPart[]
  /** Sealed: statement text, command line, request. */
  readonly text?: string
  /** Sealed, only when the procedure says so. */
  readonly values?: readonly (string | null)[]
  /** Sealed: further facts of the protocol, such as the digest of a COPY. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>
  /** Sealed: rows as they were before the action changed them, for reading. */
  readonly before?: string
  /** Sealed: what would undo the action, for running. */
  readonly inverse?: string
  /** The permit waits for durability whatever the procedure's `evidence` says. */
  readonly durable?: true
  /** It only stops something or takes it back (a cancel): it acts at once, and its evidence follows. */
  readonly narrows?: true
  /** Runs beside others until it is finished by its own number; while it does the session is not idle. */
  readonly beside?: true
  readonly objections: readonly Objection[]
}

/**
 * A moment of a stream that belongs to an action: what went in (`i`), came out (`o`), came out as error (`e`), a new size of the
 * terminal (`r`, `COLSxROWS`), a mark of ours (`m`), the exit status (`x`). The codes are those of asciicast v3, but `e`.
 */
export type StreamEvent = readonly [
  /** Whole milliseconds since the action began, never less than the one before. */
  ms: number,
  code: 'i' | 'o' | 'e' | 'r' | 'm' | 'x',
  text: string,
]

/** What came of an action. */
export interface Outcome {
  /** Rows that were returned or changed. */
  readonly rows: number
  /** How many of `rows` were changed; absent when nothing ran that counts its changes. */
  readonly changed?: number
  /** What came of each part that ran, in order; absent when the action had one. A part that failed is not among them. */
  readonly each?: readonly PartOutcome[]
  /** Bytes of the answer on the wire. */
  readonly bytes: number
  readonly ms: number
  readonly error?: { readonly code: string; readonly message: string }
  /** Sealed: further facts of the protocol, such as the digest of a file that was read. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>
  /** Sealed: the recorded part of the answer, at most `resultBytes`. */
  readonly result?: string
  /** True when the answer was longer than what was recorded. */
  readonly cut: boolean
}

export interface PartOutcome {
  readonly rows: number
  readonly changed?: number
  readonly ms: number
}

export interface Permit {
  readonly forward: boolean
  /** Number of the action in its session, from 1; names it in `finish`. */
  readonly seq: number
  /** When not forwarded: what to tell the person. */
  readonly refusal?: Objection
}

export interface SessionEnd {
  readonly reason:
    | 'expired'
    | 'revoked'
    | 'completed'
    | 'idle'
    | 'locked'
    | 'incident_resolved'
    | 'disabled'
    | 'evidence'
    | 'client'
    | 'target'
    | 'shutdown'
    | 'violation'
  /** Set when the fault is ours: for the operator's log, never for client or record. */
  readonly cause?: unknown
  /** The sentence the person reads in their client. */
  readonly text: string
}
