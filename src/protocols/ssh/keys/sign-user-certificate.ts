import { type KeyObject, randomBytes, sign } from 'node:crypto'
import { ED25519_CERTIFICATE, USER, type CertificateTerms } from './certificate.ts'
import { sshString, uint32, uint64 } from './fields.ts'
import { ED25519, publicBlob, publicPoint } from './public-blob.ts'

/**
 * The blob of a user certificate for `key`, signed by `ca`; both ed25519 (OpenSSH, PROTOCOL.certkeys). Pure but for the nonce.
 * Terms that say nothing or too much are a TypeError: they come from code, and a certificate without principals would open
 * every account.
 */
export function signUserCertificate(terms: CertificateTerms, key: KeyObject, ca: KeyObject): Buffer {
  demand(terms)
  const body = Buffer.concat([
    sshString(ED25519_CERTIFICATE),
    sshString(randomBytes(32)),
    sshString(publicPoint(key)),
    uint64(terms.serial),
    uint32(USER),
    sshString(terms.keyId),
    sshString(Buffer.concat(terms.principals.map(sshString))),
    uint64(BigInt(terms.validAfter)),
    uint64(BigInt(terms.validBefore)),
    sshString(criticalOptions(terms)),
    sshString(extensions(terms)),
    sshString(''),
    sshString(publicBlob(ca)),
  ])
  const signature = Buffer.concat([sshString(ED25519), sshString(sign(null, body, ca))])
  return Buffer.concat([body, sshString(signature)])
}

/** Names in ascending order, as the format demands; a value is a string within a string. */
function criticalOptions({ forceCommand, sourceAddresses }: CertificateTerms): Buffer {
  const options: Buffer[] = []
  if (forceCommand !== undefined) options.push(sshString('force-command'), sshString(sshString(forceCommand)))
  if (sourceAddresses)
    options.push(sshString('source-address'), sshString(sshString(sourceAddresses.join(','))))
  return Buffer.concat(options)
}

function extensions(terms: CertificateTerms): Buffer {
  const names = [...new Set(terms.extensions)].toSorted()
  return Buffer.concat(names.flatMap(name => [sshString(name), sshString('')]))
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
