import type { Outcome, PartOutcome } from '../../../target/action.ts'
import type { Guard } from '../../../target/protocol.ts'
import { ResultText } from './result-text.ts'

/** Statements of one message told one by one, as in the record of what was asked. */
const PARTS_AT_MOST = 100

/** Counts what came of one action and reports it once. Owned by the request, or by the portal a Bind made. */
export class Tally {
  rows = 0
  /** Of `rows`, those that were changed; undefined until something that counts its changes is done. */
  changed: number | undefined
  /** Asked for by a message of several statements: what came of each. */
  each: PartOutcome[] | undefined
  /** COPY TO STDOUT is running: its count is of rows read. */
  copyingOut = false
  bytes = 0
  /** DataRows since the last answer that counted them. */
  pendingRows = 0
  error: { readonly code: string; readonly message: string } | undefined
  /** Undefined when the procedure records counts only. */
  readonly result: ResultText | undefined
  /** Formats of the columns as the Bind asked for them; empty means text. */
  formats: readonly number[]
  /** Number of the action. */
  readonly seq: number
  readonly #started = performance.now()
  #partSince = this.#started
  /** Rows of a portal that was suspended. */
  #given = 0
  #settled = false

  constructor(seq: number, resultBytes: number, formats: readonly number[] = []) {
    this.seq = seq
    this.formats = formats
    this.result = resultBytes > 0 ? new ResultText(resultBytes) : undefined
  }

  /** Reports what was counted; the second time nothing. */
  settle(guard: Guard): void {
    if (this.#settled || this.seq === 0) return
    this.#settled = true
    const text = this.result?.text
    const outcome: Outcome = {
      rows: this.rows,
      bytes: this.bytes,
      ms: performance.now() - this.#started,
      ...(this.changed === undefined ? {} : { changed: this.changed }),
      ...(this.each === undefined ? {} : { each: this.each }),
      cut: this.result?.cut ?? false,
      ...(this.error === undefined ? {} : { error: this.error }),
      ...(text === undefined ? {} : { result: text }),
    }
    guard.finish(this.seq, outcome)
  }

  /** An answer ended: `counted` from its tag, or the rows seen where the tag says none; `changes`: they are rows it changed. */
  count(counted: number | undefined, changes = false): void {
    const rows = counted ?? this.pendingRows
    this.rows += rows
    this.pendingRows = 0
    // Of a write with RETURNING that is read in parts the tag counts the last part only.
    if (changes) this.changed = (this.changed ?? 0) + this.#given + rows
    this.#given = counted === undefined ? this.#given + rows : 0
    if (this.each === undefined) return
    const now = performance.now()
    if (this.each.length < PARTS_AT_MOST)
      this.each.push({ rows, ...(changes && { changed: rows }), ms: now - this.#partSince })
    this.#partSince = now
  }

  fail(code: string, message: string): this {
    this.error ??= { code, message }
    return this
  }
}
