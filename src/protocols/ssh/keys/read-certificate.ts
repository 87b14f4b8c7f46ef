import { type KeyObject, verify } from 'node:crypto'
import { Fault } from '../../../kernel/faults.ts'
import { SshReader } from '../messages/fields.ts'
import { ED25519_CERTIFICATE, USER } from './certificate.ts'
import { ED25519, keyOfPoint, publicKeyOf } from './public-blob.ts'

export interface ReadCertificate {
  readonly key: KeyObject
  readonly serial: bigint
  readonly keyId: string
  readonly principals: readonly string[]
  /** Unix seconds. */
  readonly validAfter: bigint
  readonly validBefore: bigint
  /** By name; a value is unwrapped from its inner string. */
  readonly criticalOptions: ReadonlyMap<string, string>
  readonly extensions: ReadonlyMap<string, string>
  /** Blob of the key that signed. Whether that key is trusted is the caller's question. */
  readonly ca: Buffer
}

/**
 * Reads a user certificate of ed25519 keys and checks its signature. What it says of time and principals is not yet checked.
 * Fault `protocol.violation` for anything that is not exactly that, options out of order or named twice too.
 */
export function readCertificate(blob: Uint8Array): ReadCertificate {
  const reader = new SshReader(Buffer.from(blob))
  if (reader.text() !== ED25519_CERTIFICATE) throw violation('of another kind')
  reader.string()
  const key = keyOfPoint(reader.string())
  const serial = uint64(reader)
  if (reader.uint32() !== USER) throw violation('that is not for a user')
  const keyId = reader.text()
  const principals = readList(reader.string())
  const validAfter = uint64(reader)
  const validBefore = uint64(reader)
  const criticalOptions = readOptions(reader.string())
  const extensions = readOptions(reader.string())
  reader.string()
  const ca = reader.string()
  const signed = reader.since(0)
  const signature = new SshReader(reader.string())
  reader.end()
  if (signature.text() !== ED25519) throw violation('with a signature of another kind')
  const value = signature.string()
  signature.end()
  if (!verify(null, signed, publicKeyOf(ca), value)) throw violation('whose signature is wrong')
  return { key, serial, keyId, principals, validAfter, validBefore, criticalOptions, extensions, ca }
}

function uint64(reader: SshReader): bigint {
  return reader.bytes(8).readBigUInt64BE()
}

function readList(bytes: Buffer): string[] {
  const reader = new SshReader(bytes)
  const list: string[] = []
  while (reader.remaining > 0) list.push(reader.text())
  return list
}

function readOptions(bytes: Buffer): Map<string, string> {
  const reader = new SshReader(bytes)
  const options = new Map<string, string>()
  let before = ''
  while (reader.remaining > 0) {
    const name = reader.text()
    if (options.size > 0 && !(before < name)) throw violation('with options out of order')
    options.set(name, readValue(reader.string()))
    before = name
  }
  return options
}

/** A flag has no value; a value is one string, and nothing behind it. */
function readValue(data: Buffer): string {
  if (data.length === 0) return ''
  const inner = new SshReader(data)
  const value = inner.text()
  inner.end()
  return value
}

function violation(what: string): Fault {
  return new Fault('protocol.violation', `a certificate ${what}`)
}
