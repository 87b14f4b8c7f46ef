import { SFTP } from './packet-types.ts'

/** STATUS (draft-ietf-secsh-filexfer-02 §7) with a message in English. */
export function encodeStatus(id: number, code: number, message: string): Buffer {
  const text = Buffer.from(message)
  const language = Buffer.from('en')
  const bytes = Buffer.allocUnsafe(4 + 1 + 4 + 4 + 4 + text.length + 4 + language.length)
  let at = bytes.writeUInt32BE(bytes.length - 4)
  at = bytes.writeUInt8(SFTP.status, at)
  at = bytes.writeUInt32BE(id, at)
  at = bytes.writeUInt32BE(code, at)
  at = bytes.writeUInt32BE(text.length, at)
  at += text.copy(bytes, at)
  at = bytes.writeUInt32BE(language.length, at)
  language.copy(bytes, at)
  return bytes
}
