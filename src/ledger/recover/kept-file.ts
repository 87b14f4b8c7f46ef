import { hash } from 'node:crypto'
import { sameBytes } from '../../kernel/bytes.ts'

/**
 * What is derived from a log and kept so that a start need not derive it again:
 *
 *     breakglass KIND v1 ↵ hex HMAC-SHA256 under the signer's key of everything but this line and the last ↵ body ↵ hex SHA-256 of all lines before ↵
 *
 * The MAC says that this log's owner wrote it, which only the signer can check; the digest lets anybody see that it is whole.
 */
export interface KeptFile {
  /** One line, without its end. */
  readonly body: string
  readonly mac: Buffer
}

/** What the signer's MAC stands over. `kind`: `snapshot`, …: a file of one kind is never taken for one of another. */
export function keptText(kind: string, body: string): Buffer {
  return Buffer.from(`${headerOf(kind)}${body}\n`)
}

export function encodeKept(kind: string, { body, mac }: KeptFile): Buffer {
  const text = Buffer.from(`${headerOf(kind)}${mac.toString('hex')}\n${body}\n`)
  return Buffer.concat([text, Buffer.from(`${hash('sha256', text)}\n`)])
}

const LINE = 0x0a

/** Undefined unless it is whole; whether the MAC holds is for the signer to say. Never throws on foreign bytes. */
export function decodeKept(kind: string, bytes: Buffer): KeptFile | undefined {
  const end = bytes.lastIndexOf(LINE, -2) + 1
  const digest = Buffer.from(`${hash('sha256', bytes.subarray(0, end))}\n`)
  if (!sameBytes(digest, bytes.subarray(end))) return undefined
  const [first, mac, body, rest] = bytes.toString('utf8', 0, end).split('\n')
  if (`${first}\n` !== headerOf(kind) || mac === undefined || body === undefined || rest !== '')
    return undefined
  return { body, mac: Buffer.from(mac, 'hex') }
}

function headerOf(kind: string): string {
  return `breakglass ${kind} v1\n`
}
