import { Fault } from '../../kernel/faults.ts'
import { type EntryFields, parseEntry } from './entry.ts'
import { type EntryPlaces, PlacePage } from './entry-places.ts'
import { RECORD_HEADER } from '../segment/frame.ts'
import { placeEntries } from '../segment/place-entries.ts'
import type { Entry } from '../log.ts'
import { sealedBy } from './seal.ts'
import { segmentPath, type Segments } from '../segment/segments.ts'

/** An entry as stored, with its ciphertext; not yet compared with the tree. */
export interface StoredRecord {
  readonly index: number
  /** 0x00 ‖ entry. */
  readonly prefixed: Buffer
  readonly sealed: Buffer
}

/** Bytes read in one go when entries are read in order. */
const WINDOW = 256 * 1024

/** Reads records from the segments by index. */
export class EntryReader {
  readonly #segments: Segments
  readonly #places: EntryPlaces
  readonly #log: string
  /** Segments whose places are being found: whoever asks meanwhile waits for the same reading. */
  readonly #finding = new Map<number, Promise<PlacePage>>()

  constructor(log: string, segments: Segments, places: EntryPlaces) {
    this.#log = log
    this.#segments = segments
    this.#places = places
  }

  get length(): number {
    return this.#places.length
  }

  /**
   * Records `from` up to, not including, `to`, which must be durable, in order and as many at a time as one read brings.
   * Fault `ledger.damaged` with file and index.
   */
  async *batches(from: number, to: number): AsyncGenerator<readonly StoredRecord[]> {
    for (let index = from; index < to; ) {
      const page = this.#places.page(index) ?? (await this.#findPage(index))
      const last = Math.min(to, page.end)
      const start = page.offset(index) - RECORD_HEADER
      const endOf = (i: number): number => page.offset(i) + page.length(i) + page.sealed(i)
      let end = index + 1
      while (end < last && endOf(end) - start <= WINDOW) end += 1
      const bytes = await this.#segments.read(page.segment, start, endOf(end - 1) - start)
      yield this.#cut(bytes, page, index, end)
      index = end
    }
  }

  async record(index: number): Promise<StoredRecord> {
    for await (const [record] of this.batches(index, index + 1)) if (record !== undefined) return record
    throw new RangeError(`the log ${this.#log} holds no entry ${index}`)
  }

  damaged(index: number): Fault {
    const file = segmentPath(this.#places.segmentOf(index))
    return new Fault('ledger.damaged', `Entry ${index} of the log ${this.#log} is damaged in ${file}.`, {
      next: 'Stop the server, run `breakglass ledger verify`, and restore the file from a backup.',
      facts: { log: this.#log, file, index },
    })
  }

  #cut(bytes: Buffer, page: PlacePage, from: number, to: number): StoredRecord[] {
    const start = page.offset(from) - RECORD_HEADER
    const records: StoredRecord[] = []
    for (let index = from; index < to; index += 1) {
      const offset = page.offset(index) - start
      const middle = offset + page.length(index)
      const end = middle + page.sealed(index)
      if (
        end > bytes.length ||
        bytes.readUInt32BE(offset - RECORD_HEADER) !== page.length(index) ||
        bytes.readUInt32BE(offset - RECORD_HEADER + 4) !== page.sealed(index) ||
        bytes[offset - 1] !== 0
      ) {
        throw this.damaged(index)
      }
      records.push({
        index,
        prefixed: bytes.subarray(offset - 1, middle),
        sealed: bytes.subarray(middle, end),
      })
    }
    return records
  }

  async #findPage(index: number): Promise<PlacePage> {
    if (!(index >= 0 && index < this.#places.length))
      throw new RangeError(`the log ${this.#log} holds no entry ${index}`)
    const segment = this.#places.segmentOf(index)
    const finding = this.#finding.get(segment) ?? this.#find(segment)
    this.#finding.set(segment, finding)
    try {
      const page = await finding
      if (!page.holds(index)) throw this.damaged(index)
      return page
    } finally {
      this.#finding.delete(segment)
    }
  }

  async #find(segment: number): Promise<PlacePage> {
    const { first, end } = this.#places.range(segment)
    const page = new PlacePage(
      segment,
      first,
      placeEntries(await this.#segments.readAll(segment), first, end - first),
    )
    this.#places.keep(page)
    return page
  }
}

/**
 * The contract's view of a record whose leaf hash the tree, or who made it, vouches for; undefined when the bytes are not an
 * entry.
 */
export function toEntry({ index, prefixed, sealed }: StoredRecord, leafHash: Buffer): Entry | undefined {
  const bytes = prefixed.subarray(1)
  const fields = parseEntry(bytes)
  if (fields === undefined) return undefined
  return entryOf(fields, { index, bytes, leafHash, sealed })
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
