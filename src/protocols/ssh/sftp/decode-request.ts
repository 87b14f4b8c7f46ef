import { Fault } from '../../../kernel/faults.ts'
import { SFTP } from './packet-types.ts'
import {
  EXTENSIONS,
  REQUESTS,
  UNKNOWN_EXTENSION,
  UNKNOWN_TYPE,
  type RequestFields,
  type RequestShape,
} from './request-shapes.ts'
import { SftpReader } from './sftp-reader.ts'

/** A request that lies whole in one buffer, of which its paths are views. */
export interface Request {
  readonly id: number
  readonly shape: RequestShape
  readonly fields: RequestFields
}

/**
 * Reads a whole packet but INIT, CLOSE, READ and WRITE; `bytes[start, end)` with its length field. What is not known is answered by
 * a shape that is always refused. Fault `protocol.violation`: shorter or longer than its fields.
 */
export function decodeRequest(type: number, bytes: Buffer, start: number, end: number): Request {
  const reader = new SftpReader(bytes, start + 5, end)
  const id = reader.uint32()
  const [shape, fields] = type === SFTP.extended ? extension(reader) : plain(type, reader)
  reader.end()
  return { id, shape, fields }
}

function plain(type: number, reader: SftpReader): [RequestShape, RequestFields] {
  const shape = REQUESTS.get(type) ?? UNKNOWN_TYPE
  return [shape, shape.fields(reader)]
}

function extension(reader: SftpReader): [RequestShape, RequestFields] {
  const name = reader.text()
  const shape = EXTENSIONS.get(name)
  if (shape) return [shape, shape.fields(reader)]
  reader.skip(reader.remaining)
  return [UNKNOWN_EXTENSION, { unknown: name }]
}

/** READ whole, or the head of a WRITE. Offsets are exact up to 2^53 (SftpReader). */
export interface Portion {
  readonly id: number
  readonly handle: string
  readonly offset: number
  readonly length: number
}

export function decodeRead(bytes: Buffer, start: number, end: number): Portion {
  const reader = new SftpReader(bytes, start + 5, end)
  const portion = portionOf(reader)
  reader.end()
  return portion
}

/** `dataAt`: where the data begin in `bytes`, of which only the head must be there. `total`: the packet with its length field. */
export function decodeWriteHead(
  bytes: Buffer,
  start: number,
  end: number,
  total: number,
): Portion & { readonly dataAt: number } {
  const reader = new SftpReader(bytes, start + 5, end)
  const portion = portionOf(reader)
  const dataAt = reader.position
  if (dataAt - start + portion.length !== total) {
    throw new Fault('protocol.violation', 'an SFTP write whose data do not fill it')
  }
  return { ...portion, dataAt }
}

function portionOf(reader: SftpReader): Portion {
  return {
    id: reader.uint32(),
    handle: reader.handle(),
    offset: reader.uint64(),
    length: reader.uint32(),
  }
}

export function decodeClose(bytes: Buffer, start: number, end: number): { id: number; handle: string } {
  const reader = new SftpReader(bytes, start + 5, end)
  const close = { id: reader.uint32(), handle: reader.handle() }
  reader.end()
  return close
}

/** The version that a client offers. Pairs of names and data may follow (§4). */
export function decodeInit(bytes: Buffer, start: number, end: number): number {
  const reader = new SftpReader(bytes, start + 5, end)
  const version = reader.uint32()
  reader.pairsToEnd()
  return version
}
