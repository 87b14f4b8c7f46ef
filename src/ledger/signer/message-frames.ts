import { isUtf8 } from 'node:buffer'

/** Bytes of the largest message: a sign request with a proof of 63 hashes has about 4 KiB. */
export const MESSAGE_LIMIT = 16 * 1024
const LENGTH_BYTES = 4

/** u32 (big-endian) length ‖ message. RangeError above MESSAGE_LIMIT. */
export function frameMessage(message: string): Buffer {
  const length = Buffer.byteLength(message)
  if (length === 0 || length > MESSAGE_LIMIT)
    throw new RangeError(`a message has 1 to ${MESSAGE_LIMIT} bytes, not ${length}`)
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + length)
  frame.writeUInt32BE(length, 0)
  frame.write(message, LENGTH_BYTES)
  return frame
}

/** Messages out of a stream cut anywhere. Holds at most one message that is not whole. */
export class MessageFrames {
  #rest: Buffer = Buffer.alloc(0)

  /** Whole messages in order; undefined once a length cannot be, or a message is not UTF-8: nothing after it can be trusted. */
  push(chunk: Buffer): readonly string[] | undefined {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const messages: string[] = []
    while (bytes.length >= LENGTH_BYTES) {
      const length = bytes.readUInt32BE(0)
      if (length === 0 || length > MESSAGE_LIMIT) return undefined
      const end = LENGTH_BYTES + length
      if (bytes.length < end) break
      const message = bytes.subarray(LENGTH_BYTES, end)
      if (!isUtf8(message)) return undefined
      messages.push(message.toString('utf8'))
      bytes = bytes.subarray(end)
    }
    this.#rest = Buffer.from(bytes)
    return messages
  }
}
