import { type KeyObject, randomBytes, sign } from 'node:crypto'
import { SshWriter } from '../messages/fields.ts'
import { ED25519_CERTIFICATE, USER, type CertificateTerms } from './certificate.ts'
import { ED25519, publicBlob, publicPoint } from './public-blob.ts'

/**
 * The blob of a user certificate for `key`, signed by `ca`; both ed25519 (OpenSSH, PROTOCOL.certkeys). Pure but for the nonce.
 * Terms that say nothing or too much are a TypeError: they come from code, and a certificate without principals would open
 * every account.
 */
export function signUserCertificate(terms: CertificateTerms, key: KeyObject, ca: KeyObject): Buffer {
  demand(terms)
  const body = new SshWriter()
    .string(ED25519_CERTIFICATE)
    .string(randomBytes(32))
    .string(publicPoint(key))
    .bytes(uint64(terms.serial))
    .uint32(USER)
    .string(terms.keyId)
    .string(each(terms.principals))
    .bytes(uint64(BigInt(terms.validAfter)))
    .bytes(uint64(BigInt(terms.validBefore)))
    .string(criticalOptions(terms))
    .string(extensions(terms))
    .string('')
    .string(publicBlob(ca))
    .take()
  const signature = new SshWriter()
    .string(ED25519)
    .string(sign(null, body, ca))
    .take()
  return new SshWriter().bytes(body).string(signature).take()
}

/** Names in ascending order, as the format demands; a value is a string within a string. */
function criticalOptions({ forceCommand, sourceAddresses }: CertificateTerms): Buffer {
  const writer = new SshWriter()
  if (forceCommand !== undefined) writer.string('force-command').string(each([forceCommand]))
  if (sourceAddresses) writer.string('source-address').string(each([sourceAddresses.join(',')]))
  return writer.take()
}

function extensions(terms: CertificateTerms): Buffer {
  const names = [...new Set(terms.extensions)].toSorted()
  return each(names.flatMap(name => [name, '']))
}

function each(texts: readonly string[]): Buffer {
  const writer = new SshWriter()
  for (const text of texts) writer.string(text)
  return writer.take()
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

function demand(terms: CertificateTerms): void {
  const texts = [terms.keyId, ...terms.principals, ...(terms.sourceAddresses ?? [])]
  if (terms.principals.length === 0) throw new TypeError('a certificate without principals is for everybody')
  if (terms.sourceAddresses?.length === 0)
    throw new TypeError('a certificate without a source address to use it from')
  if (texts.some(text => text === '' || /[\0\n\r,]/.test(text)))
    throw new TypeError('a field of a certificate that is empty or not one word')
  if (
    terms.forceCommand !== undefined &&
    (terms.forceCommand.trim() === '' || terms.forceCommand.includes('\0'))
  ) {
    throw new TypeError('a forced command that is empty or has a NUL')
  }
  if (!(terms.validAfter < terms.validBefore)) throw new TypeError('a certificate that ends before it begins')
}
