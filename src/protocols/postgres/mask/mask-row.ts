import { Fault } from '../../../kernel/faults.ts'
import { BACKEND } from '../messages/messages.ts'
import { END_BYTES, maskEnd, type RowPlan } from './keep.ts'

const HEADER = 5

/**
 * A DataRow with its masked columns replaced, as a whole message; undefined when it needs no change (they are all NULL).
 * Body `bytes[start, end)`. Texts are the same in text and binary format. Throws Fault `protocol.violation` when the row is not what was announced.
 */
export function maskRow(bytes: Buffer, start: number, end: number, plan: RowPlan): Buffer | undefined {
  if (end - start < 2 || bytes.readUInt16BE(start) !== plan.length) throw unannounced()
  const parts: Buffer[] = []
  let kept = start
  let at = start + 2
  for (const mask of plan) {
    if (at + 4 > end) throw unannounced()
    const length = bytes.readInt32BE(at)
    const next = length < 0 ? at + 4 : at + 4 + length
    if (next > end) throw unannounced()
    if (mask !== undefined && length >= 0) {
      const value =
        mask === 'null' ? undefined : maskEnd(bytes.subarray(Math.max(at + 4, next - END_BYTES), next), mask)
      parts.push(bytes.subarray(kept, at), lengthOf(value), ...(value ? [value] : []))
      kept = next
    }
    at = next
  }
  if (at !== end) throw unannounced()
  if (parts.length === 0) return undefined
  parts.push(bytes.subarray(kept, end))
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([rowHeader(size), ...parts], HEADER + size)
}

/** The head of a DataRow whose body has `size` bytes. */
export function rowHeader(size: number): Buffer {
  const header = Buffer.alloc(HEADER)
  header[0] = BACKEND.dataRow
  header.writeInt32BE(size + 4, 1)
  return header
}

/** The length before a value; NULL has −1. */
export function lengthOf(value: Buffer | undefined): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(value === undefined ? -1 : value.length)
  return length
}

export function unannounced(): Fault {
  return new Fault('protocol.violation', 'the target sent a row of other columns than it announced')
}
