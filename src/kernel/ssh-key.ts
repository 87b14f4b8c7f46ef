import { createPublicKey, type KeyObject } from 'node:crypto'
import { sha256 } from './bytes.ts'

const TYPE = 'ssh-ed25519'
/** What precedes the 32 bytes of the key: two lengths and the type (RFC 4253 §6.6, RFC 8709 §4). */
const HEAD = Buffer.from(`\0\0\0\x0b${TYPE}\0\0\0\x20`, 'latin1')
const LINE = /^ssh-ed25519 ([A-Za-z0-9+/]{68})(?: [ -~]{0,255})?$/

/**
 * Points of small order, by their y without the sign bit. Under such a key one signature fits many messages, so that it would be proven
 * by whoever tries (RFC 8032 §8.8; the list is that of "Taming the many EdDSAs", table 1).
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/** Why a text is no public key that can be taken: what it is, and the way out. */
export interface NoSshKey {
  readonly what: string
  readonly next: string
}

/** The key of a line as `ssh-keygen` writes it (`ssh-ed25519 AAAA… comment`), as SSH encodes it: 51 bytes. The comment is dropped. */
export function parseSshKey(line: string): Buffer | NoSshKey {
  const found = LINE.exec(line.replace(/\r?\n$/, ''))
  if (!found) return whyNot(line)
  const blob = Buffer.from(found[1] ?? '', 'base64')
  if (!blob.subarray(0, HEAD.length).equals(HEAD) || isWeakPoint(blob.subarray(HEAD.length)))
    return { what: 'The bytes of this key are not those of an ed25519 key', next: OWN }
  return blob
}

/** Of an ed25519 key, public or private, its public half as SSH encodes it. Throws for another kind of key. */
export function sshBlob(key: KeyObject): Buffer {
  const { crv, x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  if (crv !== 'Ed25519' || x === undefined) throw new TypeError('not an ed25519 key')
  return Buffer.concat([HEAD, Buffer.from(x, 'base64url')])
}

/** `ssh-ed25519 AAAA… comment`; without a comment nothing follows the key. */
export function sshLine(blob: Uint8Array, comment = ''): string {
  const line = `${TYPE} ${Buffer.from(blob).toString('base64')}`
  return comment === '' ? line : `${line} ${comment}`
}

/** How known_hosts names a place: the port is part of it unless it is 22 (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`
}

/** `SHA256:…`, as `ssh-keygen -l` and the log of sshd print it. */
export function sshFingerprint(blob: Buffer): string {
  return `SHA256:${sha256(blob).toString('base64').replaceAll('=', '')}`
}

const OWN = 'Make one with `ssh-keygen -t ed25519`, or let `breakglass connect` do it.'

function whyNot(line: string): NoSshKey {
  if (line.includes('PRIVATE KEY'))
    return {
      what: 'This is a private key: it stays with you',
      next: 'Give the line of its .pub file, and use the private half nowhere else: it has been sent.',
    }
  if (line.startsWith(`${TYPE}-cert-`))
    return { what: 'This is a certificate', next: 'Give the key itself: the .pub file without -cert.' }
  if (new RegExp(`\\s${TYPE} `).test(line))
    return {
      what: `Something stands before ${TYPE}`,
      next: 'Leave out host names, markers and options.',
    }
  const type = /^(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]{1,60}(?= )/.exec(line)?.[0]
  if (type !== undefined && type !== TYPE)
    return { what: `Keys of the type ${type} are not taken`, next: OWN }
  return {
    what: 'This is no public key on one line',
    next: 'Give the line of a .pub file: ssh-ed25519 AAAA… comment.',
  }
}

/** Whether signatures under this ed25519 point prove nothing. The sign of x does not matter. */
export function isWeakPoint(point: Uint8Array): boolean {
  const y = Buffer.from(point)
  y[31] = (y[31] ?? 0) & 0x7f
  return SMALL_ORDER.has(y.toString('hex'))
}
