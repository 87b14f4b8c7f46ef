import { createHash } from 'node:crypto'
import { ByteReader } from '../../../wire/byte-reader.ts'

// RFC 5929 §4.1: the hash of the certificate's signature, with SHA-256 in place of MD5 and SHA-1. Keys are DER object identifiers.
const HASH_OF_SIGNATURE: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a864886f70d01010e': 'sha224',
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
}

/**
 * `tls-server-end-point` (RFC 5929 §4) of a certificate in DER. Undefined for signatures that name no hash (Ed25519,
 * RSA-PSS): PostgreSQL has no binding for those either, so SCRAM-SHA-256-PLUS is not offered with them.
 */
export function serverEndPoint(certificate: Buffer): Buffer | undefined {
  const signature = signatureAlgorithm(certificate)
  const name = signature === undefined ? undefined : HASH_OF_SIGNATURE[signature]
  return name === undefined ? undefined : createHash(name).update(certificate).digest()
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, signature } (RFC 5280 §4.1). */
function signatureAlgorithm(certificate: Buffer): string | undefined {
  try {
    const outer = element(new ByteReader(certificate), 0x30)
    element(outer, 0x30)
    const algorithm = element(outer, 0x30)
    const oid = element(algorithm, 0x06)
    return oid.bytes(oid.remaining).toString('hex')
  } catch {
    return undefined
  }
}

function element(from: ByteReader, wanted: number): ByteReader {
  if (from.uint8() !== wanted) throw new TypeError('unexpected DER tag')
  let length = from.uint8()
  if (length > 0x80) {
    const bytes = from.bytes(length - 0x80)
    length = bytes.readUIntBE(0, bytes.length)
  }
  return new ByteReader(from.bytes(length))
}
