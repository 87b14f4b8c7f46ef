import type { Objection, SessionRules } from '../../../target/action.ts'
import type { Outlet } from '../../../wire/outlet.ts'
import { rowsOfTag } from '../messages/decode.ts'
import { Request, type Dialogue, type Watch } from './dialogue.ts'
import { flush, parse, query } from '../messages/encode.ts'
import { FAILING_TEXT, type Forwarder } from './forwarder.ts'
import { because } from '../inspect/because.ts'
import type { Inspection } from '../inspect/inspector.ts'
import { refusalError } from '../messages/native-error.ts'
import type { Tally } from './tally.ts'

/** Verbs whose CommandComplete counts the rows they changed. */
const COUNTED: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge'])
const COUNTING_TAG = /^(INSERT|UPDATE|DELETE|MERGE|COPY) /

/** Whether a write limit holds for what was inspected. What it does not hold for: README, "Write limit". */
export function isLimited(inspection: Pick<Inspection, 'verbs' | 'copy'>): boolean {
  return inspection.copy === 'in' || inspection.verbs.some(verb => COUNTED.has(verb))
}

/** What stands beside a write in one message could end its transaction before the rows are counted. */
export const NOT_ALONE: Objection = {
  rule: 'writes_per_statement',
  what: 'a write beside other statements in one message cannot be limited',
  next: 'Send the statements one after the other.',
}

/** A simple query in the middle of extended messages would run in their transaction and commit it. */
export const NOT_SYNCED: Objection = {
  rule: 'writes_per_statement',
  what: 'a write after extended messages without Sync cannot be limited',
  next: 'Send Sync before a simple query.',
}

export interface Limit {
  readonly most: number
  readonly dialogue: Dialogue
  readonly toTarget: (bytes: Buffer) => void
  readonly toClient: Outlet
  readonly tally: Tally | undefined
  readonly rules: SessionRules
}

/** The session's limit for one statement; the tally of `counting` counts for it. */
export function limitOf(forwarder: Forwarder, toClient: Outlet, counting: Request): Limit {
  return {
    most: forwarder.guard.rules.writesPerStatement ?? 0,
    dialogue: forwarder.dialogue,
    toTarget: bytes => {
      forwarder.outlet.add(bytes)
      forwarder.outlet.flush()
    },
    toClient,
    get tally() {
      return counting.tally
    },
    rules: forwarder.guard.rules,
  }
}

/**
 * Why a statement is beyond the limit, or undefined. One that hides how many rows it changed (a CTE below a SELECT, EXPLAIN
 * ANALYZE) is beyond any limit. `complete`: its CommandComplete.
 */
export function beyond(complete: Buffer, most: number): Objection | undefined {
  const rule = 'writes_per_statement'
  const tag = complete.toString('latin1', 5, complete.length - 1)
  if (!COUNTING_TAG.test(tag)) {
    const what = `the rows changed by this statement (${tag.split(' ')[0]}) cannot be counted, so it was rolled back`
    return { rule, what, next: 'Write the change as a plain INSERT, UPDATE, DELETE or MERGE.' }
  }
  const rows = rowsOfTag(complete, 5, complete.length) ?? 0
  if (rows <= most) return undefined
  const what = `the statement changed ${rows} rows, more than ${most}, and was rolled back`
  return {
    rule,
    what,
    next: `Change at most ${most} rows at a time, or ask for a procedure with a higher limit.`,
  }
}

/**
 * A simple query of one statement under a limit. Outside a transaction it runs between a BEGIN of ours, already answered,
 * and a COMMIT; inside the client's own the transaction is made to fail. CommandComplete is held until it is certain.
 */
export class LimitedQuery implements Watch {
  readonly #options: Limit
  readonly #wrapped: boolean
  #objection: Objection | undefined
  #held: Buffer | undefined
  #failed = false

  /** `wrapped`: the transaction is ours. */
  constructor(options: Limit, wrapped: boolean) {
    this.#options = options
    this.#wrapped = wrapped
  }

  complete(whole: Buffer): boolean {
    this.#objection = beyond(whole, this.#options.most)
    this.#held = Buffer.from(whole)
    return true
  }

  failed(): undefined {
    this.#failed = true
  }

  ready(): boolean {
    const { dialogue, toTarget, tally } = this.#options
    const refused = this.#failed ? undefined : this.#objection
    if (refused) tally?.fail('42501', refused.what)
    if (this.#wrapped) {
      const ending = hiddenQuery()
      ending.watch = new Ending(this, ending)
      dialogue.ask(ending)
      toTarget(query(refused || this.#failed ? 'ROLLBACK' : 'COMMIT'))
      return true
    }
    if (refused) {
      const failing = new Request('query')
      failing.refusal = refused
      dialogue.ask(failing)
      toTarget(query(FAILING_TEXT))
      return true
    }
    this.#tell()
    return false
  }

  /** Our COMMIT or ROLLBACK was answered: now the client hears what came of its statement. */
  ended(failed: boolean): void {
    if (failed) this.#options.tally?.fail('40000', 'the transaction could not be committed')
    else this.#tell()
  }

  #tell(): void {
    if (this.#failed) return
    const { toClient, rules } = this.#options
    if (this.#objection) toClient.add(refusalError(this.#objection, because(this.#objection.rule, rules)))
    else if (this.#held) toClient.add(this.#held)
  }
}

/** The COMMIT or ROLLBACK of ours; only its error, if any, and its ReadyForQuery reach the client. */
class Ending implements Watch {
  readonly #query: LimitedQuery
  readonly #request: Request
  #failed = false

  constructor(of: LimitedQuery, request: Request) {
    this.#query = of
    this.#request = request
  }

  complete(): boolean {
    return true
  }

  failed(): undefined {
    this.#failed = true
  }

  ready(): boolean {
    this.#query.ended(this.#failed)
    this.#request.hidden = false
    return false
  }
}

/**
 * An Execute under a limit. What stands between two Syncs is one transaction, or part of the client's: a failing Parse
 * behind the Execute undoes it before the Sync, which is held until the Execute is answered.
 */
export class LimitedExecute implements Watch {
  readonly #options: Limit

  constructor(options: Limit) {
    this.#options = options
  }

  complete(whole: Buffer): boolean {
    const { dialogue, toTarget, tally, most } = this.#options
    const objection = beyond(whole, most)
    if (objection === undefined) return false
    tally?.fail('42501', objection.what)
    const failing = new Request('parse')
    failing.refusal = objection
    dialogue.ask(failing)
    toTarget(Buffer.concat([parse('breakglass', FAILING_TEXT), flush()]))
    return true
  }

  failed(): undefined {
    // The target undid it itself.
  }

  ready(): boolean {
    return false
  }
}

/** A query of ours whose answers the client never hears; its errors it does. */
export function hiddenQuery(): Request {
  const request = new Request('query')
  request.hidden = true
  return request
}
