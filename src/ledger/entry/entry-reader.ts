import { Fault } from '../../kernel/faults.ts'
import { decodeEntry, type EntryFields } from './entry.ts'
import type { EntryPlaces } from './entry-places.ts'
import { RECORD_HEADER } from '../segment/frame.ts'
import type { Entry } from '../log.ts'
import { leafHashOfPrefixed } from '../tree/merkle.ts'
import { sealedBy } from './seal.ts'
import { segmentPath, type Segments } from '../segment/segments.ts'

/** An entry as stored, with its ciphertext; not yet compared with the tree. */
export interface StoredRecord {
  readonly index: number
  /** 0x00 ‖ entry. */
  readonly prefixed: Buffer
  readonly sealed: Buffer
}

/** Read in one go when entries are read in order. */
const WINDOW = 256 * 1024

/** Reads records from the segments by index. */
export class EntryReader {
  readonly #segments: Segments
  readonly #places: EntryPlaces
  readonly #log: string

  constructor(log: string, segments: Segments, places: EntryPlaces) {
    this.#log = log
    this.#segments = segments
    this.#places = places
  }

  get length(): number {
    return this.#places.length
  }

  /** Records `from` up to, not including, `to`, which must be durable. Fault `ledger.damaged` with file and index. */
  async *records(from: number, to: number): AsyncGenerator<StoredRecord> {
    let segment = -1
    let start = 0
    let window: Buffer = Buffer.alloc(0)
    for (let index = from; index < to; index += 1) {
      const place = this.#places.at(index)
      if (place === undefined) throw new RangeError(`the log ${this.#log} holds no entry ${index}`)
      const at = place.offset - RECORD_HEADER
      const holds = (end: number): boolean =>
        segment === place.segment && at >= start && end <= start + window.length
      const refill = async (bytes: number): Promise<void> => {
        segment = place.segment
        start = at
        window = await this.#segments.read(segment, at, bytes)
      }
      const ahead = to - index > 1 ? WINDOW : 0
      const entryEnd = place.offset + place.length
      if (!holds(entryEnd)) await refill(Math.max(ahead, RECORD_HEADER + place.length + 512))
      if (!holds(entryEnd)) throw this.damaged(index)
      const header = window.subarray(at - start, at - start + RECORD_HEADER)
      if (header.readUInt32BE(0) !== place.length || header[8] !== 0) throw this.damaged(index)
      const end = entryEnd + header.readUInt32BE(4)
      if (end - at > this.#segments.capacity) throw this.damaged(index)
      if (!holds(end)) await refill(Math.max(ahead, end - at))
      if (!holds(end)) throw this.damaged(index)
      yield {
        index,
        prefixed: window.subarray(place.offset - 1 - start, entryEnd - start),
        sealed: window.subarray(entryEnd - start, end - start),
      }
    }
  }

  async record(index: number): Promise<StoredRecord> {
    for await (const record of this.records(index, index + 1)) return record
    throw new RangeError(`the log ${this.#log} holds no entry ${index}`)
  }

  damaged(index: number): Fault {
    const file = segmentPath(this.#places.at(index)?.segment ?? 0)
    return new Fault('ledger.damaged', `Entry ${index} of the log ${this.#log} is damaged in ${file}.`, {
      next: 'Stop the server, run `breakglass ledger verify`, and restore the file from a backup.',
      facts: { log: this.#log, file, index },
    })
  }
}

/** The contract's view of a record; undefined when the bytes are not an entry. */
export function toEntry({ index, prefixed, sealed }: StoredRecord): Entry | undefined {
  const bytes = prefixed.subarray(1)
  const fields = decodeEntry(bytes)
  if (fields === undefined) return undefined
  return entryOf(fields, { index, bytes, leafHash: leafHashOfPrefixed(prefixed), sealed })
}

export function entryOf(
  fields: EntryFields,
  stored: {
    readonly index: number
    readonly bytes: Buffer
    readonly leafHash: Buffer
    readonly sealed: Buffer
  },
): Entry {
  return {
    index: stored.index,
    bytes: stored.bytes,
    leafHash: stored.leafHash,
    v: fields.v,
    id: fields.id,
    t: fields.t,
    mono: fields.mono,
    boot: fields.boot,
    src: fields.src,
    sseq: fields.sseq,
    type: fields.type,
    data: fields.data,
    ...(fields.sprev === undefined ? {} : { sprev: fields.sprev }),
    ...(fields.subject === undefined ? {} : { subject: fields.subject }),
    ...(fields.target === undefined ? {} : { target: fields.target }),
    ...(fields.outcome === undefined ? {} : { outcome: fields.outcome }),
    ...(stored.sealed.length === 0 ? {} : { sealedBy: sealedBy(stored.sealed) }),
  }
}
