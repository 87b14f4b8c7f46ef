/** Rules that a scope can refuse, by the name used in procedures (`scope.refuse`). Absolute ones hold without being listed. */
export interface SessionRules {
  readonly refuse: readonly string[]
  readonly writesPerStatement: number | undefined
  readonly evidence: 'before' | 'with' | 'none'
  /** Whether bind values are part of the recorded action. */
  readonly bindValues: boolean
  /** Results recorded up to this many bytes per action; 0 records counts only. */
  readonly resultBytes: number
}

/** Something the person may not do: which rule, what was seen, the way out. */
export interface Objection {
  readonly rule: string
  /** One sentence: `update without WHERE`. */
  readonly what: string
  /** One sentence that names the way out. */
  readonly next: string
}

/** One thing done in a session, before it is done. The protocol fills it; the gateway records it. */
export interface Action {
  /** `query`, `parse`, `bind`, `copy_in`, `function_call`, `cancel`, … */
  readonly kind: string
  /** Leaf facts: verbs and counts, no text of the person. */
  readonly verbs: readonly string[]
  readonly writes: boolean
  /** Qualified names touched: `public.orders`. Sealed, as they may name people or customers. */
  readonly objects: readonly string[]
  /** Sealed: statement text, command line, request. */
  readonly text?: string
  /** Sealed, only when the procedure says so. */
  readonly values?: readonly (string | null)[]
  /** Sealed: further facts of the protocol, such as the digest of a COPY. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>
  readonly objections: readonly Objection[]
}

/** What came of an action. */
export interface Outcome {
  readonly rows: number
  /** Bytes of the answer on the wire. */
  readonly bytes: number
  readonly ms: number
  readonly error?: { readonly code: string; readonly message: string }
  /** Sealed: the recorded part of the answer, at most `resultBytes`. */
  readonly result?: string
  /** True when the answer was longer than what was recorded. */
  readonly cut: boolean
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
  /** The sentence the person reads in their client. */
  readonly text: string
}
