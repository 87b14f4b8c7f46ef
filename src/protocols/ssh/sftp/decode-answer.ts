import { Fault } from '../../../kernel/faults.ts'
import { LONGEST_HANDLE, LARGEST_PACKET, SFTP } from './packet-types.ts'
import { SftpReader } from './sftp-reader.ts'

/** What is read of an answer; the rest of it only passes. */
export type Answer =
  | { readonly type: 'version'; readonly version: number }
  | { readonly type: 'status'; readonly id: number; readonly code: number; readonly message: string }
  | { readonly type: 'handle'; readonly id: number; readonly handle: string }
  /** `dataAt`: where the data begin in the piece. */
  | { readonly type: 'data'; readonly id: number; readonly length: number; readonly dataAt: number }
  | { readonly type: 'name'; readonly id: number; readonly count: number }
  | { readonly type: 'other'; readonly id: number }

/** Bytes of an error message that are read; a longer one passes and is not recorded. */
const LONGEST_STATUS = 1024

/** How much of an answer is read: its head, as a PacketRoute. */
export function answerHead(type: number, length: number): number {
  if (length > LARGEST_PACKET) throw new Fault('protocol.violation', 'an SFTP answer larger than 256 KiB')
  if (type === SFTP.status) return Math.min(length, LONGEST_STATUS)
  if (type === SFTP.handle) {
    if (length > LONGEST_HANDLE + 13) {
      throw new Fault('protocol.violation', 'an SFTP handle longer than 256 bytes')
    }
    return length
  }
  return type === SFTP.data || type === SFTP.name ? 13 : 9
}

/** Reads the head, `bytes[start, end)`, of an answer of `total` bytes. Fault `protocol.violation`: no answer, or it contradicts itself. */
export function decodeAnswer(type: number, bytes: Buffer, start: number, end: number, total: number): Answer {
  const reader = new SftpReader(bytes, start + 5, end)
  switch (type) {
    case SFTP.version:
      return { type: 'version', version: reader.uint32() }
    case SFTP.status: {
      const id = reader.uint32()
      const code = reader.uint32()
      // Servers of the first drafts send no message.
      const whole = reader.remaining >= 4 && reader.uint32() <= reader.remaining
      return { type: 'status', id, code, message: whole ? messageOf(bytes, start) : '' }
    }
    case SFTP.handle: {
      const answer = { type: 'handle' as const, id: reader.uint32(), handle: reader.handle() }
      reader.end()
      return answer
    }
    case SFTP.data: {
      const id = reader.uint32()
      const length = reader.uint32()
      if (length + 13 !== total)
        throw new Fault('protocol.violation', 'SFTP data that do not fill their answer')
      return { type: 'data', id, length, dataAt: reader.position }
    }
    case SFTP.name:
      return { type: 'name', id: reader.uint32(), count: reader.uint32() }
    case SFTP.attrs:
    case SFTP.extendedReply:
      return { type: 'other', id: reader.uint32() }
    default:
      throw new Fault('protocol.violation', 'an SFTP answer of an unknown type')
  }
}

function messageOf(bytes: Buffer, start: number): string {
  const length = bytes.readUInt32BE(start + 13)
  return bytes.toString('utf8', start + 17, start + 17 + length)
}
