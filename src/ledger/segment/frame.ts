import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { HASH_BYTES } from '../tree/merkle.ts'

/**
 * One group commit on disk, all numbers big-endian:
 *
 *     magic 8 · log id 16 · epoch u32 · first index u64 · count u32 · body length u32 · SHA-256 of the previous frame 32
 *     · CRC-32 u32 of everything before it and the body · body
 *
 * The body holds `count` records: entry length u32 · sealed length u32 · 0x00 · entry · sealed payload. The 0x00 is
 * the leaf prefix of RFC 6962, so that a leaf hash is taken from the written bytes without copying them.
 */
export const FRAME_HEADER = 80
export const RECORD_HEADER = 9
export const NO_FRAME: Buffer = Buffer.alloc(HASH_BYTES)

const MAGIC = Buffer.from('bgframe1')
const LOG_ID = 16
const AT = { logId: 8, epoch: 24, first: 28, count: 36, length: 40, previous: 44, crc: 76 } as const

export interface FrameRecord {
  readonly entry: Buffer
  /** Empty when the entry has no payload. */
  readonly sealed: Buffer
}

export interface FrameHead {
  /** First 16 bytes of SHA-256(origin): a frame of another log is never taken for one of this. */
  readonly logId: Buffer
  /** Counts the openings of the log; never falls along it. */
  readonly epoch: number
  readonly first: number
  /** SHA-256 of the whole previous frame; zeros for the first. */
  readonly previous: Buffer
}

/** A record with the place of its entry, in bytes from the start of the buffer that was decoded. */
export interface PlacedRecord extends FrameRecord {
  readonly offset: number
  /** 0x00 ‖ entry, as hashed. */
  readonly prefixed: Buffer
}

export interface Frame extends FrameHead {
  readonly count: number
  readonly records: readonly PlacedRecord[]
  /** SHA-256 of this frame. */
  readonly hash: Buffer
  /** Offset behind the frame. */
  readonly end: number
}

/** A durable frame: where it stands in its segment, in bytes, and its SHA-256. */
export interface FramePlace {
  readonly segment: number
  readonly offset: number
  readonly end: number
  readonly hash: Buffer
}

export function logIdOf(origin: string): Buffer {
  return hash('sha256', origin, 'buffer').subarray(0, LOG_ID)
}

export function recordBytes(record: FrameRecord): number {
  return RECORD_HEADER + record.entry.length + record.sealed.length
}

export function frameHash(frame: Uint8Array): Buffer {
  return hash('sha256', frame, 'buffer')
}

export function encodeFrame(head: FrameHead, records: readonly FrameRecord[]): Buffer {
  let length = 0
  for (const record of records) length += recordBytes(record)
  const bytes = Buffer.allocUnsafe(FRAME_HEADER + length)
  MAGIC.copy(bytes, 0)
  head.logId.copy(bytes, AT.logId)
  bytes.writeUInt32BE(head.epoch, AT.epoch)
  bytes.writeBigUInt64BE(BigInt(head.first), AT.first)
  bytes.writeUInt32BE(records.length, AT.count)
  bytes.writeUInt32BE(length, AT.length)
  head.previous.copy(bytes, AT.previous)
  let at = FRAME_HEADER
  for (const { entry, sealed } of records) {
    bytes.writeUInt32BE(entry.length, at)
    bytes.writeUInt32BE(sealed.length, at + 4)
    bytes[at + 8] = 0
    entry.copy(bytes, at + RECORD_HEADER)
    sealed.copy(bytes, at + RECORD_HEADER + entry.length)
    at += RECORD_HEADER + entry.length + sealed.length
  }
  bytes.writeUInt32BE(checksum(bytes, 0, bytes.length), AT.crc)
  return bytes
}

/** The frame that begins at `offset`, or undefined when there is none whole and intact. Never throws on foreign bytes. */
export function decodeFrame(bytes: Buffer, offset = 0): Frame | undefined {
  if (offset + FRAME_HEADER > bytes.length) return undefined
  if (MAGIC.compare(bytes, offset, offset + MAGIC.length) !== 0) return undefined
  const length = bytes.readUInt32BE(offset + AT.length)
  const end = offset + FRAME_HEADER + length
  if (end > bytes.length) return undefined
  if (bytes.readUInt32BE(offset + AT.crc) !== checksum(bytes, offset, end)) return undefined
  const first = bytes.readBigUInt64BE(offset + AT.first)
  if (first > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  const count = bytes.readUInt32BE(offset + AT.count)
  const records = placeRecords(bytes, offset + FRAME_HEADER, end, count)
  if (records === undefined) return undefined
  return {
    logId: bytes.subarray(offset + AT.logId, offset + AT.logId + LOG_ID),
    epoch: bytes.readUInt32BE(offset + AT.epoch),
    first: Number(first),
    previous: bytes.subarray(offset + AT.previous, offset + AT.previous + HASH_BYTES),
    count,
    records,
    hash: frameHash(bytes.subarray(offset, end)),
    end,
  }
}

/** The frame whose header stands at `offset`, by what the header says of itself; undefined when that is none, or its body is cut. */
export function frameAt(
  bytes: Buffer,
  offset: number,
):
  | { readonly offset: number; readonly first: number; readonly count: number; readonly end: number }
  | undefined {
  if (offset + FRAME_HEADER > bytes.length) return undefined
  if (MAGIC.compare(bytes, offset, offset + MAGIC.length) !== 0) return undefined
  const end = offset + FRAME_HEADER + bytes.readUInt32BE(offset + AT.length)
  if (end > bytes.length) return undefined
  return {
    offset,
    first: Number(bytes.readBigUInt64BE(offset + AT.first)),
    count: bytes.readUInt32BE(offset + AT.count),
    end,
  }
}

/** Records that fill `from`…`end` exactly; undefined when lengths do not add up. */
export function placeRecords(
  bytes: Buffer,
  from: number,
  end: number,
  count: number,
): PlacedRecord[] | undefined {
  const records: PlacedRecord[] = []
  let at = from
  while (records.length < count) {
    if (at + RECORD_HEADER > end || bytes[at + 8] !== 0) return undefined
    const offset = at + RECORD_HEADER
    const middle = offset + bytes.readUInt32BE(at)
    const next = middle + bytes.readUInt32BE(at + 4)
    if (next > end) return undefined
    records.push({
      offset,
      prefixed: bytes.subarray(offset - 1, middle),
      entry: bytes.subarray(offset, middle),
      sealed: bytes.subarray(middle, next),
    })
    at = next
  }
  return at === end && count > 0 ? records : undefined
}

/** Where a frame might begin at or behind `offset`; -1 when nowhere. For telling a torn tail from damage. */
export function findMagic(bytes: Buffer, offset: number): number {
  return bytes.indexOf(MAGIC, offset)
}

function checksum(bytes: Buffer, offset: number, end: number): number {
  const head = crc32(bytes.subarray(offset, offset + AT.crc))
  return crc32(bytes.subarray(offset + FRAME_HEADER, end), head)
}
