import { BACKEND } from '../messages/messages.ts'

/** Classes of errors whose DETAIL quotes the row that failed: integrity constraint violation, WITH CHECK OPTION violation. */
const QUOTES_ROWS = /^(23|44)/

const DETAIL = 'D'.charCodeAt(0)
const CODE = 'C'.charCodeAt(0)

/** An ErrorResponse without its DETAIL where that quotes values of the row; undefined when it may pass as it is. Whole message. */
export function scrubError(message: Buffer): Buffer | undefined {
  const fields: { readonly letter: number; readonly bytes: Buffer }[] = []
  for (let at = 5; at < message.length && message[at] !== 0; ) {
    const nul = message.indexOf(0, at + 1)
    if (nul < 0) break
    fields.push({ letter: message[at] ?? 0, bytes: message.subarray(at, nul + 1) })
    at = nul + 1
  }
  const code = fields.find(field => field.letter === CODE)?.bytes.toString('latin1', 1) ?? ''
  if (!QUOTES_ROWS.test(code) || fields.every(field => field.letter !== DETAIL)) return undefined
  const kept = fields.filter(field => field.letter !== DETAIL).map(field => field.bytes)
  const size = kept.reduce((sum, bytes) => sum + bytes.length, 0) + 1
  const header = Buffer.alloc(5)
  header[0] = BACKEND.error
  header.writeInt32BE(size + 4, 1)
  return Buffer.concat([header, ...kept, Buffer.alloc(1)])
}
