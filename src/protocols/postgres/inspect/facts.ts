import type { RuleName } from './refuse-rules.ts'

/** Something a rule may object to. `what` is made of our own words only: no name or constant of the statement. */
export interface Finding {
  readonly rule: RuleName
  readonly what: string
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
  readonly objects: readonly string[]
  readonly prepares?: { readonly name: string; readonly inner: Facts }
  readonly executes: readonly string[]
  readonly deallocates: readonly string[]
  readonly copy?: 'in' | 'out'
  readonly findings: readonly Finding[]
}
