import { type KeyObject, verify } from 'node:crypto'
import { Fault } from '../../../kernel/faults.ts'
import { ByteReader } from '../../../wire/byte-reader.ts'
import { ED25519_CERTIFICATE, USER } from './certificate.ts'
import { readString, readUint64 } from './fields.ts'
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
  const reader = new ByteReader(Buffer.from(blob))
  if (readString(reader).toString('latin1') !== ED25519_CERTIFICATE) throw violation('of another kind')
  readString(reader)
  const key = keyOfPoint(readString(reader))
  const serial = readUint64(reader)
  if (reader.uint32() !== USER) throw violation('that is not for a user')
  const keyId = readString(reader).toString()
  const principals = readList(readString(reader))
  const validAfter = readUint64(reader)
  const validBefore = readUint64(reader)
  const criticalOptions = readOptions(readString(reader))
  const extensions = readOptions(readString(reader))
  readString(reader)
  const ca = Buffer.from(readString(reader))
  const signed = Buffer.from(blob).subarray(0, reader.position)
  const signature = new ByteReader(readString(reader))
  reader.end()
  if (readString(signature).toString('latin1') !== ED25519)
    throw violation('with a signature of another kind')
  const value = readString(signature)
  signature.end()
  if (!verify(null, signed, publicKeyOf(ca), value)) throw violation('whose signature is wrong')
  return { key, serial, keyId, principals, validAfter, validBefore, criticalOptions, extensions, ca }
}

function readList(bytes: Buffer): string[] {
  const reader = new ByteReader(bytes)
  const list: string[] = []
  while (reader.remaining > 0) list.push(readString(reader).toString())
  return list
}

function readOptions(bytes: Buffer): Map<string, string> {
  const reader = new ByteReader(bytes)
  const options = new Map<string, string>()
  let before = ''
  while (reader.remaining > 0) {
    const name = readString(reader).toString()
    if (options.size > 0 && !(before < name)) throw violation('with options out of order')
    options.set(name, readValue(readString(reader)))
    before = name
  }
  return options
}

/** A flag has no value; a value is one string, and nothing behind it. */
function readValue(data: Buffer): string {
  if (data.length === 0) return ''
  const inner = new ByteReader(data)
  const value = readString(inner).toString()
  inner.end()
  return value
}

function violation(what: string): Fault {
  return new Fault('protocol.violation', `a certificate ${what}`)
}
