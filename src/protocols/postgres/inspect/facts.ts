import type { Touched } from '../../../target/action.ts'
import type { RuleName } from './refuse-rules.ts'

/** Something a rule may object to. `what` is made of our own words only: no name or constant of the statement. */
export interface Finding {
  readonly rule: RuleName
  readonly what: string
  /** From 0. Bytes where the parser says it, characters (code points) once `placed`. */
  readonly at: number
}

/** A finding by whoever looks at a part of a statement: the place only where it knows a better one than that part's. */
export type Found = Omit<Finding, 'at'> & { readonly at?: number }

/** One statement of a text. Places count as those of findings do. */
export interface StatementFact {
  readonly verb: string
  readonly writes: boolean
  readonly touched?: Touched
  readonly at: number
  readonly length: number
}

/**
 * What a text would do, under no rules yet: a function of the text alone, so it may be cached by it. Plain data, as it
 * crosses from the worker.
 */
export interface Facts {
  readonly verbs: readonly string[]
  readonly writes: boolean
  readonly autocommitWrite: boolean
  readonly transactionControl: boolean
  /** Of all statements together. */
  readonly touched?: Touched
  readonly statements: readonly StatementFact[]
  readonly prepares?: { readonly name: string; readonly inner: Facts }
  readonly executes: readonly string[]
  readonly deallocates: readonly string[]
  readonly copy?: 'in' | 'out'
  readonly findings: readonly Finding[]
}
