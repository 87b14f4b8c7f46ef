import { AsnParser, AsnProp, AsnPropTypes, AsnType, AsnTypeTypes, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import type { Attribute } from '@peculiar/asn1-cms'

/** Which certificate a time stamp was signed with, as the authority signed it (RFC 2634 §5.4, RFC 5035 §3). */
export interface NamedCertificate {
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512'
  readonly digest: Buffer
}

const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12'
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'
const HASHES: Readonly<Record<string, NamedCertificate['hash']>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

// The library describes structures by decorators, which are functions: called as such they need no syntax of their own.
class EssCertId {
  certHash = new OctetString()
  issuerSerial?: ArrayBuffer
}
AsnProp({ type: OctetString })(EssCertId.prototype, 'certHash')
AsnProp({ type: AsnPropTypes.Any, optional: true })(EssCertId.prototype, 'issuerSerial')
AsnType({ type: AsnTypeTypes.Sequence })(EssCertId)

class EssCertIdV2 {
  hashAlgorithm?: AlgorithmIdentifier
  certHash = new OctetString()
  issuerSerial?: ArrayBuffer
}
AsnProp({ type: AlgorithmIdentifier, optional: true })(EssCertIdV2.prototype, 'hashAlgorithm')
AsnProp({ type: OctetString })(EssCertIdV2.prototype, 'certHash')
AsnProp({ type: AsnPropTypes.Any, optional: true })(EssCertIdV2.prototype, 'issuerSerial')
AsnType({ type: AsnTypeTypes.Sequence })(EssCertIdV2)

class SigningCertificate {
  certs: EssCertId[] = []
  policies?: ArrayBuffer
}
AsnProp({ type: EssCertId, repeated: 'sequence' })(SigningCertificate.prototype, 'certs')
AsnProp({ type: AsnPropTypes.Any, optional: true })(SigningCertificate.prototype, 'policies')
AsnType({ type: AsnTypeTypes.Sequence })(SigningCertificate)

class SigningCertificateV2 {
  certs: EssCertIdV2[] = []
  policies?: ArrayBuffer
}
AsnProp({ type: EssCertIdV2, repeated: 'sequence' })(SigningCertificateV2.prototype, 'certs')
AsnProp({ type: AsnPropTypes.Any, optional: true })(SigningCertificateV2.prototype, 'policies')
AsnType({ type: AsnTypeTypes.Sequence })(SigningCertificateV2)

/** The first named one is the signer's. Undefined when there is none, or its hash is of no kind known here. Throws on bad DER. */
export function namedCertificate(attributes: readonly Attribute[]): NamedCertificate | undefined {
  const value = (type: string): ArrayBuffer | undefined =>
    attributes.find(({ attrType }) => attrType === type)?.attrValues[0]
  const second = value(SIGNING_CERTIFICATE_V2)
  if (second !== undefined) {
    const [cert] = AsnParser.parse(second, SigningCertificateV2).certs
    const hash = cert?.hashAlgorithm === undefined ? 'sha256' : HASHES[cert.hashAlgorithm.algorithm]
    return cert && hash && { hash, digest: Buffer.from(cert.certHash.buffer) }
  }
  const first = value(SIGNING_CERTIFICATE)
  const [cert] = first === undefined ? [] : AsnParser.parse(first, SigningCertificate).certs
  return cert && { hash: 'sha1', digest: Buffer.from(cert.certHash.buffer) }
}
