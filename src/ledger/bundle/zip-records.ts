/** What a reader must know of a file in the archive; everything else of its records is the same for all. */
export interface ZipMember {
  readonly name: string
  readonly crc: number
  /** Bytes as they lie in the archive. */
  readonly packed: number
  readonly bytes: number
  /** Where its local header begins. */
  readonly offset: number
}

/** Without ZIP64 neither an archive nor a file in it can be larger, nor hold more files. */
export const ZIP_LIMIT = 0xffff_ffff
export const MEMBERS_LIMIT = 0xffff

export const LOCAL_BYTES = 30
export const DESCRIPTOR_BYTES = 16
export const CENTRAL_BYTES = 46
export const END_BYTES = 22

const VERSION = 20
/** Sizes stand behind the data; names are UTF-8. */
const FLAGS = 0x0808
const DEFLATE = 8
/** 1 January 1980: the format has no way to leave the time out, and none here would be evidence of anything. */
const DATE = 0x0021

const SIGNATURE = { local: 0x04034b50, descriptor: 0x08074b50, central: 0x02014b50, end: 0x06054b50 } as const

/** APPNOTE 6.3 §4.3.7. */
export function localHeader(name: string): Buffer {
  const text = Buffer.from(name)
  const bytes = Buffer.alloc(LOCAL_BYTES + text.length)
  bytes.writeUInt32LE(SIGNATURE.local, 0)
  bytes.writeUInt16LE(VERSION, 4)
  bytes.writeUInt16LE(FLAGS, 6)
  bytes.writeUInt16LE(DEFLATE, 8)
  bytes.writeUInt16LE(DATE, 12)
  bytes.writeUInt16LE(text.length, 26)
  text.copy(bytes, LOCAL_BYTES)
  return bytes
}

/** APPNOTE 6.3 §4.3.9. */
export function descriptor({ crc, packed, bytes: size }: Omit<ZipMember, 'name' | 'offset'>): Buffer {
  const bytes = Buffer.alloc(DESCRIPTOR_BYTES)
  bytes.writeUInt32LE(SIGNATURE.descriptor, 0)
  bytes.writeUInt32LE(crc, 4)
  bytes.writeUInt32LE(packed, 8)
  bytes.writeUInt32LE(size, 12)
  return bytes
}

/** APPNOTE 6.3 §4.3.12. */
export function centralHeader({ name, crc, packed, bytes: size, offset }: ZipMember): Buffer {
  const text = Buffer.from(name)
  const bytes = Buffer.alloc(CENTRAL_BYTES + text.length)
  bytes.writeUInt32LE(SIGNATURE.central, 0)
  bytes.writeUInt16LE(VERSION, 4)
  bytes.writeUInt16LE(VERSION, 6)
  bytes.writeUInt16LE(FLAGS, 8)
  bytes.writeUInt16LE(DEFLATE, 10)
  bytes.writeUInt16LE(DATE, 14)
  bytes.writeUInt32LE(crc, 16)
  bytes.writeUInt32LE(packed, 20)
  bytes.writeUInt32LE(size, 24)
  bytes.writeUInt16LE(text.length, 28)
  bytes.writeUInt32LE(offset, 42)
  text.copy(bytes, CENTRAL_BYTES)
  return bytes
}

/** APPNOTE 6.3 §4.3.16, without a comment. */
export function endRecord(members: number, length: number, offset: number): Buffer {
  const bytes = Buffer.alloc(END_BYTES)
  bytes.writeUInt32LE(SIGNATURE.end, 0)
  bytes.writeUInt16LE(members, 8)
  bytes.writeUInt16LE(members, 10)
  bytes.writeUInt32LE(length, 12)
  bytes.writeUInt32LE(offset, 16)
  return bytes
}
