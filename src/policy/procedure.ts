import type { Condition } from './condition.ts'
import type { Approval, People, Terms } from './terms.ts'

/**
 * A procedure by value: JSON-safe, every default filled in, lists that mean sets sorted without repeats. Two files that
 * say the same thing in other words give equal values and therefore the same digest.
 */
export interface Procedure extends Omit<Terms, 'digest'> {
  readonly purpose: string
  readonly targets: readonly string[]
  readonly who: People
  readonly when: string
  readonly automaticWhen?: string
  /** Absent when the file names nobody who could approve and no way in without them. */
  readonly ask?: Approval
  readonly drill: boolean
}

/** A procedure ready to decide: conditions compiled, terms made once and handed out by reference. */
export interface LoadedProcedure {
  readonly name: string
  readonly file: string
  readonly values: Procedure
  readonly when: Condition
  readonly automaticWhen: Condition | undefined
  readonly terms: Terms
}

/** What decides. Immutable; a reload makes another one and swaps the reference. */
export interface ProcedureSet {
  /** SHA-256 hex of the canonical JSON of all values, sorted by name: comments, file names and order do not count. */
  readonly digest: string
  /** By name. */
  readonly procedures: ReadonlyMap<string, LoadedProcedure>
  /** By target, each list sorted by name. */
  readonly byTarget: ReadonlyMap<string, readonly LoadedProcedure[]>
}
