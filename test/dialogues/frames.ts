/** One message, tag and length included. */
export interface Frame {
  readonly tag: string
  readonly bytes: Buffer
}

/**
 * Cuts a stream of whole messages, naively: a second reading of the format, so that the gateway's own is not its only
 * witness. `rest` is what is no whole message (yet).
 */
export function frames(stream: Buffer): { readonly whole: readonly Frame[]; readonly rest: Buffer } {
  const whole: Frame[] = []
  let at = 0
  while (stream.length - at >= 5) {
    const length = stream.readInt32BE(at + 1) + 1
    if (length < 5 || at + length > stream.length) break
    whole.push({ tag: String.fromCharCode(stream[at] ?? 0), bytes: stream.subarray(at, at + length) })
    at += length
  }
  return { whole, rest: stream.subarray(at) }
}

export function frame(tag: string | number, body: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(5 + body.length)
  bytes[0] = typeof tag === 'string' ? tag.charCodeAt(0) : tag
  bytes.writeInt32BE(body.length + 4, 1)
  body.copy(bytes, 5)
  return bytes
}
