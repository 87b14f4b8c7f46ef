import { decodeEntry } from '../entry/entry.ts'
import { FRAME_HEADER, type PlacedRecord, RECORD_HEADER } from './frame.ts'

/**
 * The records of a frame that is not intact, as far as their lengths still lead from one to the next; undefined when
 * they do not lead to `count`. For a verifier that wants to go on behind the damage and to say which entry it hit.
 */
export function salvageRecords(bytes: Buffer, count: number): PlacedRecord[] | undefined {
  const records: PlacedRecord[] = []
  let at = FRAME_HEADER
  while (records.length < count) {
    const offset = at + RECORD_HEADER
    if (offset > bytes.length) return undefined
    const middle = offset + bytes.readUInt32BE(at)
    const next = middle + bytes.readUInt32BE(at + 4)
    if (next > bytes.length) return undefined
    const prefixed = Buffer.concat([Buffer.of(0), bytes.subarray(offset, middle)])
    records.push({ offset, prefixed, entry: prefixed.subarray(1), sealed: bytes.subarray(middle, next) })
    at = next
  }
  return records
}

/** Index, counted from the frame's first entry, of the first salvaged entry that is visibly hurt. */
export function firstHurt(
  records: readonly PlacedRecord[],
  isKnown: (i: number, record: PlacedRecord) => boolean,
): number {
  const hurt = records.findIndex(
    (record, i) => decodeEntry(record.entry) === undefined || !isKnown(i, record),
  )
  return Math.max(hurt, 0)
}
