import { rowsOfTag } from '../messages/decode.ts'
import type { RowSink, Watch } from '../relay/dialogue.ts'
import { cellsOf } from './hidden-queries.ts'
import type { Row } from './table.ts'

/** Tags whose number is that of rows written. */
const COUNTING = /^(INSERT|UPDATE|DELETE|MERGE|COPY) /

/** Keeps the end of a rehearsed statement's answer from the client until what it did is recorded. */
export class HeldAnswer implements Watch {
  failedAtTarget = false
  /** CommandComplete. */
  completed: Buffer | undefined
  readonly #onReady: (() => void) | undefined

  constructor(onReady?: () => void) {
    this.#onReady = onReady
  }

  /** What its tag counts; undefined when it counts nothing that was written. */
  get rows(): number | undefined {
    const tag = this.completed?.toString('latin1', 5, this.completed.length - 1)
    if (this.completed === undefined || tag === undefined || !COUNTING.test(tag)) return undefined
    return rowsOfTag(this.completed, 5, this.completed.length)
  }

  complete(whole: Buffer): boolean {
    this.completed = Buffer.from(whole)
    return true
  }

  failed(): undefined {
    this.failedAtTarget = true
  }

  ready(): boolean {
    this.#onReady?.()
    return true
  }
}

/** Takes the keys of new rows from a RETURNING of ours: the client sees nothing of it. */
export class MadeKeys implements RowSink {
  readonly rows: Row[] = []
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  described(): boolean {
    return true
  }

  row(bytes: Buffer, start: number, end: number, whole: boolean): boolean {
    if (whole && this.rows.length < this.#most) this.rows.push(cellsOf(bytes, start, end))
    return true
  }
}
