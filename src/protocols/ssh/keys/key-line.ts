import { Fault } from '../../../kernel/faults.ts'
import { ED25519, publicKeyOf } from './public-blob.ts'

export interface KeyLine {
  /** As SSH encodes the key (RFC 8709 §4). */
  readonly blob: Buffer
  /** What stood behind the key; often empty. */
  readonly comment: string
}

const OTHER_KINDS = /^(ssh-rsa|ssh-dss|ecdsa-sha2-|sk-|rsa-sha2-|ssh-ed448)/
const MAKE_ONE = 'Make one with `ssh-keygen -t ed25519`.'

/**
 * A public key as one line of text: `ssh-ed25519 AAAA… comment`, the form of `id_ed25519.pub` and of the host's
 * `/etc/ssh/ssh_host_ed25519_key.pub` (sshd(8), AUTHORIZED_KEYS FILE FORMAT; no options). Fault `input.invalid` says what is
 * there instead and never repeats it.
 */
export function parseKeyLine(line: string): KeyLine {
  const text = line.trim()
  if (text.length > 4096) throw refusal('is longer than any ed25519 key')
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) throw refusal('is not one line of text')
  if (text.startsWith('-----BEGIN'))
    throw refusal('is a file of another form', 'Give the line of the `.pub` file.')
  const [kind = '', encoded = '', ...words] = text.split(/[ \t]+/)
  if (kind.endsWith('-cert-v01@openssh.com')) {
    throw refusal('is a certificate', 'Give the public key itself: the `.pub` file without `-cert`.')
  }
  if (OTHER_KINDS.test(kind)) throw refusal(`is of kind ${kind}, not ${ED25519}`, MAKE_ONE)
  if (kind !== ED25519) {
    const before = encoded === ED25519 || words.includes(ED25519)
    throw before
      ? refusal(`has something before ${ED25519}`, 'Leave out host names, markers and options.')
      : refusal(`does not begin with ${ED25519}`, MAKE_ONE)
  }
  const blob = Buffer.from(encoded, 'base64')
  if (blob.length === 0 || blob.toString('base64') !== encoded) throw refusal('is not in base64')
  try {
    publicKeyOf(blob)
  } catch (cause) {
    throw refusal(`holds ${(cause as Error).message}`, MAKE_ONE, cause)
  }
  return { blob, comment: words.join(' ') }
}

/** The line of a key. Without a comment nothing follows the key. */
export function printKeyLine(blob: Uint8Array, comment = ''): string {
  const line = `${ED25519} ${Buffer.from(blob).toString('base64')}`
  return comment === '' ? line : `${line} ${comment}`
}

function refusal(what: string, next = `Write it as \`${ED25519} AAAA…\`.`, cause?: unknown): Fault {
  return new Fault('input.invalid', `the key ${what}`, { next, cause })
}
