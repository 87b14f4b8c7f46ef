import type { Dissection } from '../rehearse/dissection.ts'
import type { Objection, Touched } from '../../../target/action.ts'
import type { CopyMask } from '../mask/judge-outline.ts'
import type { Outline } from '../mask/outline.ts'
import type { StatementFact } from './facts.ts'

/** What a text of SQL would do, seen without running it. */
export interface Inspection {
  /** False: it does not parse; `objections` then holds rule `unparsable` or `too_complex`. */
  readonly ok: boolean
  /** Only our grammar objects: the target's parser, which runs nothing, may be asked how it words the error. */
  readonly syntax?: true
  /** Per statement, lower case: `select`, `update`, `begin`, `execute`, … */
  readonly verbs: readonly string[]
  /** Any statement may change rows or state. */
  readonly writes: boolean
  /** Exactly one plain write (insert, update, delete, merge, or a CTE with one) without transaction control. */
  readonly autocommitWrite: boolean
  readonly transactionControl: boolean
  /** Of all statements together. */
  readonly touched?: Touched
  /** One by one, places from 0; at most the first hundred. */
  readonly statements: readonly StatementFact[]
  /** SQL PREPARE: the name as the server folds it, and what the prepared statement would do. */
  readonly prepares?: { readonly name: string; readonly inner: Inspection }
  /** Names in EXECUTE and EXPLAIN EXECUTE. */
  readonly executes?: readonly string[]
  /** Names in DEALLOCATE; `*` for all. */
  readonly deallocates?: readonly string[]
  readonly copy?: 'in' | 'out'
  /** In sessions with masks: what is masked in each COPY TO STDOUT, in the order in which they are answered. */
  readonly copies?: readonly CopyMask[]
  /** Under the rules given to `inspect`. */
  readonly objections: readonly Objection[]
}

export interface Inspector {
  /**
   * Synchronous when the verdict is cached; otherwise parses in a worker. Never rejects: faults become objections
   * (`unparsable`, `too_complex`). `refuse` names the rules of the session (`scope.refuse`).
   */
  inspect(text: string, refuse: readonly string[]): Inspection | Promise<Inspection>
  /** What a text does with names, for masks; undefined when it cannot be read. Cached and parsed as for `inspect`. */
  outline(text: string): Outline | undefined | Promise<Outline | undefined>
  /** Takes one statement apart for a rehearsal; undefined when it cannot be read. Not cached: its texts are seldom the same. */
  dissect(text: string): Promise<Dissection | undefined>
  close(): Promise<void>
}
