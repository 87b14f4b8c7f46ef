import type { Outcome } from '../../../target/action.ts'
import type { Guard } from '../../../target/protocol.ts'
import { ResultText } from './result-text.ts'

/** Counts what came of one action and reports it once. Owned by the request, or by the portal a Bind made. */
export class Tally {
  rows = 0
  bytes = 0
  /** DataRows since the last answer that counted them. */
  pendingRows = 0
  error: { readonly code: string; readonly message: string } | undefined
  /** Undefined when the procedure records counts only. */
  readonly result: ResultText | undefined
  /** Formats of the columns as the Bind asked for them; empty means text. */
  formats: readonly number[]
  readonly #seq: number
  readonly #started = performance.now()
  #settled = false

  constructor(seq: number, resultBytes: number, formats: readonly number[] = []) {
    this.#seq = seq
    this.formats = formats
    this.result = resultBytes > 0 ? new ResultText(resultBytes) : undefined
  }

  /** Reports what was counted; the second time nothing. */
  settle(guard: Guard): void {
    if (this.#settled || this.#seq === 0) return
    this.#settled = true
    const text = this.result?.text
    const outcome: Outcome = {
      rows: this.rows,
      bytes: this.bytes,
      ms: performance.now() - this.#started,
      cut: this.result?.cut ?? false,
      ...(this.error === undefined ? {} : { error: this.error }),
      ...(text === undefined ? {} : { result: text }),
    }
    guard.finish(this.#seq, outcome)
  }

  /** An answer ended: `counted` from its tag, or the rows seen where the tag says none. */
  count(counted: number | undefined): void {
    this.rows += counted ?? this.pendingRows
    this.pendingRows = 0
  }

  fail(code: string, message: string): this {
    this.error ??= { code, message }
    return this
  }
}
