import type { ByteReader } from '../../../wire/byte-reader.ts'

/** A string as SSH encodes it: length, bytes (RFC 4251 §5). Text is UTF-8. */
export function sshString(value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([uint32(bytes.length), bytes])
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** A view of the next string. Fault `protocol.violation` when it is longer than what is left. */
export function readString(reader: ByteReader): Buffer {
  return reader.bytes(reader.uint32())
}

export function readUint64(reader: ByteReader): bigint {
  return reader.bytes(8).readBigUInt64BE()
}
