import { Fault } from '../../../kernel/faults.ts'
import { maskEnd, ValueEnd, type ColumnMask, type RowPlan } from './keep.ts'
import { lengthOf, rowHeader, unannounced } from './mask-row.ts'

/** Bytes of other columns that are held until the length of the last masked value is known. */
const HELD_AT_MOST = 16 << 20

/**
 * A DataRow too long to be held, masked as it passes. Its length goes first, so what stands before the last masked value is held, and
 * of a masked value only its end; what stands behind streams. Throws Fault `protocol.violation` when more would have
 * to be held than 16 MiB.
 */
export class RowInPieces {
  readonly #plan: RowPlan
  /** Number of the last column that is masked. */
  readonly #last: number
  /** Bytes of the body that have not arrived. */
  #owed: number
  /** Bytes of the body that leave, as far as it is known. */
  #size: number
  #held: Buffer[] = []
  #heldBytes = 0
  #told = false
  /** The two bytes of the column count or the four of a length, as far as they have arrived. */
  #number: Buffer = Buffer.alloc(0)
  #column = -1
  #valueOwed = 0
  readonly #end = new ValueEnd()

  /** `length`: of the message, header included. */
  constructor(plan: RowPlan, length: number) {
    this.#plan = plan
    this.#last = plan.findLastIndex(mask => mask !== undefined)
    this.#owed = length - 5
    this.#size = this.#owed
  }

  /** Takes body bytes; gives what may leave now, nothing to begin with. */
  feed(piece: Buffer): Buffer {
    this.#owed -= piece.length
    const out: Buffer[] = []
    let at = 0
    while (at < piece.length) {
      if (this.#valueOwed > 0) at = this.#value(piece, at, out)
      else if (this.#told) {
        // Behind the last masked value nothing matters any more.
        out.push(piece.subarray(at))
        at = piece.length
      } else at = this.#count(piece, at, out)
    }
    if (this.#owed === 0 && !this.#told) throw unannounced()
    return Buffer.concat(out)
  }

  #count(piece: Buffer, from: number, out: Buffer[]): number {
    const wanted = this.#column < 0 ? 2 : 4
    const at = Math.min(piece.length, from + wanted - this.#number.length)
    this.#number = Buffer.concat([this.#number, piece.subarray(from, at)])
    if (this.#number.length < wanted) return at
    const number = this.#number
    this.#number = Buffer.alloc(0)
    if (this.#column < 0) {
      if (number.readUInt16BE(0) !== this.#plan.length) throw unannounced()
      this.#column = 0
      this.#keep(number, out)
      return at
    }
    const length = number.readInt32BE(0)
    this.#valueOwed = Math.max(0, length)
    if (length < 0 || this.#mask === undefined) {
      this.#keep(number, out)
      if (length <= 0) this.#next(out)
    } else if (length === 0) this.#replace(out)
    else this.#size -= length
    return at
  }

  #value(piece: Buffer, from: number, out: Buffer[]): number {
    const at = Math.min(piece.length, from + this.#valueOwed)
    const bytes = piece.subarray(from, at)
    this.#valueOwed -= bytes.length
    if (this.#mask === undefined) this.#keep(bytes, out)
    else this.#end.add(bytes)
    if (this.#valueOwed === 0) {
      if (this.#mask === undefined) this.#next(out)
      else this.#replace(out)
    }
    return at
  }

  get #mask(): ColumnMask | undefined {
    return this.#plan[this.#column]
  }

  #replace(out: Buffer[]): void {
    const mask = this.#mask
    const end = this.#end.take()
    const value = mask === undefined || mask === 'null' ? undefined : maskEnd(end, mask)
    this.#size += value?.length ?? 0
    this.#keep(lengthOf(value), out)
    if (value) this.#keep(value, out)
    this.#next(out)
  }

  /** A value is over. */
  #next(out: Buffer[]): void {
    const wasLast = this.#column === this.#last
    this.#column++
    if (!wasLast) return
    out.push(rowHeader(this.#size), ...this.#held)
    this.#held = []
    this.#told = true
  }

  #keep(bytes: Buffer, out: Buffer[]): void {
    if (this.#told) {
      out.push(bytes)
      return
    }
    this.#heldBytes += bytes.length
    if (this.#heldBytes > HELD_AT_MOST)
      throw new Fault(
        'protocol.violation',
        'a row has more than 16 MiB before a masked column; select the large column behind the masked one, or by itself',
      )
    // A copy: the chunk it lies in would be kept whole.
    this.#held.push(Buffer.from(bytes))
  }
}
