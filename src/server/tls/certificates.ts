import 'reflect-metadata'
import { X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0])

/** A certificate and its private key, both PEM; the key is PKCS #8. */
export interface KeyedCertificate {
  readonly pem: string
  readonly key: string
}

const DAY = 86_400_000
/** Clocks of clients may be behind by this much. */
const SLACK = 3_600_000
// P-256 with SHA-256: every PostgreSQL and Java client in use verifies it, and channel binding (RFC 5929 §4.1) hashes with SHA-256.
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** A CA that can sign leaves only (path length 0), for ten years. `now`: wall ms. */
export async function makeAuthority(organisation: string, now: number): Promise<KeyedCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ O: [organisation] }, { CN: [`breakglass ${organisation} CA`] }],
    notBefore: new Date(now - SLACK),
    notAfter: new Date(now + 3650 * DAY),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { pem: certificate.toString('pem'), key: await keyPem(keys.privateKey) }
}

/** A server certificate for exactly these host names and addresses, for 90 days. */
export async function makeLeaf(
  authority: KeyedCertificate,
  names: readonly string[],
  now: number,
): Promise<KeyedCertificate> {
  const issuer = new X509Certificate(authority.pem)
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    PemConverter.decodeFirst(authority.key),
    ALGORITHM,
    false,
    ['sign'],
  )
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [names[0] ?? 'localhost'] }],
    issuer: issuer.subjectName,
    notBefore: new Date(now - SLACK),
    notAfter: new Date(now + 90 * DAY),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map(value => ({ type: isIP(value) ? 'ip' : 'dns', value }))),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { pem: certificate.toString('pem'), key: await keyPem(keys.privateKey) }
}

/** True while the leaf was issued by this CA, covers all names and is valid for at least `forMs` from `now`. */
export function stillGood(
  leaf: KeyedCertificate,
  authority: KeyedCertificate,
  names: readonly string[],
  now: number,
  forMs: number,
): boolean {
  const certificate = new NodeCertificate(leaf.pem)
  const issuer = new NodeCertificate(authority.pem)
  return (
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey) &&
    Date.parse(certificate.validFrom) <= now &&
    Date.parse(certificate.validTo) >= now + forMs &&
    names.every(name => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined)
  )
}

/** Positive and without a leading zero byte (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}
