import { createHash, randomBytes, verify, X509Certificate } from 'node:crypto'
import { type Attribute, id_signedData, SignedData } from '@peculiar/asn1-cms'
import { AsnConvert, AsnParser, AsnSerializer, OctetString } from '@peculiar/asn1-schema'
import {
  id_ct_tstInfo,
  MessageImprint,
  PKIStatus,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from '@peculiar/asn1-tsp'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { namedCertificate } from './ess-certificate.ts'

/** What was asked for, kept to check the answer against. */
export interface TimestampRequest {
  /** The request as sent (RFC 3161 §2.4.1): SHA-256, with nonce, asking for certificates. */
  readonly der: Buffer
  readonly imprint: Buffer
  readonly nonce: Buffer
}

export interface Timestamp {
  /** Wall ms UTC, by the authority's clock. */
  readonly time: number
  /** Hex. */
  readonly serial: string
  /** Subject of the certificate that signed. */
  readonly signer: string
}

export type TimestampJudged =
  | { readonly ok: true; readonly timestamp: Timestamp }
  | { readonly ok: false; readonly why: string }

export interface TimestampTrust {
  /** Roots and intermediates the operator configured. */
  readonly authorities: readonly X509Certificate[]
  /** Wall ms at which the answer came. */
  readonly now: number
}

const SHA256 = '2.16.840.1.101.3.4.2.1'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
/** id-ct-TSTInfo as an OBJECT IDENTIFIER in DER. */
const TST_INFO_DER = Buffer.from('060b2a864886f70d0109100104', 'hex')
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
const DIGESTS: Readonly<Record<string, string>> = {
  [SHA256]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
/** RSA (PKCS #1 v1.5) and ECDSA, each with the digest its identifier names; plain RSA takes that of the digest. */
const SIGNATURES: Readonly<Record<string, { readonly key: 'rsa' | 'ec'; readonly digest?: string }>> = {
  '1.2.840.113549.1.1.1': { key: 'rsa' },
  '1.2.840.113549.1.1.11': { key: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', digest: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', digest: 'sha512' },
}
const SET = 0x31
/** A time further from ours than this is not the time of an answer that came just now. */
const OFF_MS = 300_000
const LONGEST_CHAIN = 6

export function timestampRequest(data: Uint8Array): TimestampRequest {
  const imprint = createHash('sha256').update(data).digest()
  // A positive INTEGER of full length, so that it comes back as the same bytes.
  const nonce = randomBytes(16)
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40
  const request = new TimeStampReq({
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithm: SHA256, parameters: null }),
      hashedMessage: new OctetString(imprint),
    }),
    nonce: new Uint8Array(nonce).buffer,
    certReq: true,
  })
  return { der: Buffer.from(AsnSerializer.serialize(request)), imprint, nonce }
}

/** Judges the answer of an authority (RFC 3161 §2.4.2) to `request`. Never throws: what cannot be read is refused. */
export function judgeTimestamp(
  response: Uint8Array,
  request: TimestampRequest,
  trust: TimestampTrust,
): TimestampJudged {
  try {
    return judge(response, request, trust)
  } catch {
    return refuse('it is no time stamp response of RFC 3161')
  }
}

function judge(
  response: Uint8Array,
  { imprint, nonce }: TimestampRequest,
  { authorities, now }: TimestampTrust,
): TimestampJudged {
  const { status, timeStampToken } = AsnParser.parse(response, TimeStampResp)
  if (status.status !== PKIStatus.granted && status.status !== PKIStatus.grantedWithMods)
    return refuse(`it was refused (status ${status.status}${statusWords(status.statusString)})`)
  if (timeStampToken?.contentType !== id_signedData) return refuse('there is no signed token in it')
  const signed = AsnParser.parse(timeStampToken.content, SignedData)
  const content = signed.encapContentInfo.eContent?.single?.buffer
  if (signed.encapContentInfo.eContentType !== id_ct_tstInfo || content === undefined)
    return refuse('what is signed in it is no time stamp')

  const info = AsnParser.parse(content, TSTInfo)
  const { hashAlgorithm, hashedMessage } = info.messageImprint
  if (hashAlgorithm.algorithm !== SHA256 || !imprint.equals(Buffer.from(hashedMessage.buffer)))
    return refuse('it is for other bytes')
  if (info.nonce === undefined || !nonce.equals(Buffer.from(info.nonce)))
    return refuse('it is the answer to another request')
  const time = info.genTime.getTime()
  if (!(Math.abs(time - now) <= OFF_MS)) return refuse('its time is not that of now')

  const certificates = (signed.certificates ?? []).flatMap(({ certificate }) =>
    certificate ? [new X509Certificate(Buffer.from(AsnConvert.serialize(certificate)))] : [],
  )
  const signer = signerOf(signed, Buffer.from(content), certificates)
  if (typeof signer === 'string') return refuse(signer)
  const broken = chainFault(signer, certificates, authorities, time)
  if (broken !== undefined) return refuse(broken)
  return {
    ok: true,
    timestamp: {
      time,
      serial: Buffer.from(info.serialNumber).toString('hex'),
      signer: signer.subject.replaceAll('\n', ', '),
    },
  }
}

/** The certificate whose key signed, or why none did (RFC 5652 §5.4, RFC 3161 §2.4.2). */
function signerOf(
  { signerInfos }: SignedData,
  content: Buffer,
  certificates: readonly X509Certificate[],
): X509Certificate | string {
  const [one, ...more] = signerInfos
  if (one?.signedAttrs === undefined || more.length > 0)
    return 'it has not exactly one signature over its attributes'
  const digest = DIGESTS[one.digestAlgorithm.algorithm]
  const scheme = SIGNATURES[one.signatureAlgorithm.algorithm]
  if (digest === undefined || scheme === undefined || (scheme.digest ?? digest) !== digest)
    return 'it is signed in a way that is not verified here'
  const type = attribute(one.signedAttrs, CONTENT_TYPE)
  const own = attribute(one.signedAttrs, MESSAGE_DIGEST)
  const computed = Buffer.from(
    AsnSerializer.serialize(new OctetString(createHash(digest).update(content).digest())),
  )
  if (type?.equals(TST_INFO_DER) !== true || own?.equals(computed) !== true)
    return 'its signature is not over its content'

  const named = namedCertificate(one.signedAttrs)
  const signer =
    named && certificates.find(({ raw }) => createHash(named.hash).update(raw).digest().equals(named.digest))
  if (signer === undefined) return 'the certificate that its signature names is not in it'
  if (signer.publicKey.asymmetricKeyType !== scheme.key) return 'its certificate has a key of another kind'
  return verify(digest, setOf(one.signedAttrs), signer.publicKey, Buffer.from(one.signature.buffer))
    ? signer
    : 'its signature does not verify'
}

/** What is signed: the attributes as a SET, not under the tag they are sent with (RFC 5652 §5.4). */
function setOf(attributes: readonly Attribute[]): Buffer {
  const content = Buffer.concat(attributes.map(one => Buffer.from(AsnSerializer.serialize(one))))
  const { length } = content
  const form = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(SET, ...form), content])
}

function attribute(attributes: readonly Attribute[], type: string): Buffer | undefined {
  const [found, ...more] = attributes.filter(({ attrType }) => attrType === type)
  const [value, ...values] = found?.attrValues ?? []
  return value === undefined || more.length > 0 || values.length > 0 ? undefined : Buffer.from(value)
}

/** Why the signer's certificate does not lead to a configured one that was valid at that time; undefined when it does. */
function chainFault(
  signer: X509Certificate,
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  time: number,
): string | undefined {
  if (signer.keyUsage?.length !== 1 || signer.keyUsage[0] !== TIME_STAMPING)
    return 'its certificate is not for time stamps alone'
  let at = signer
  for (let length = 0; length < LONGEST_CHAIN; length += 1) {
    if (time < Date.parse(at.validFrom) || time > Date.parse(at.validTo))
      return `the certificate of ${at.subject.replaceAll('\n', ', ')} was not valid then`
    if (authorities.some(root => root.fingerprint256 === at.fingerprint256)) return undefined
    const issued = (by: X509Certificate): boolean => by.ca && at.checkIssued(by) && at.verify(by.publicKey)
    const issuer = authorities.find(issued) ?? sent.find(one => one !== at && issued(one))
    if (issuer === undefined) break
    at = issuer
  }
  return 'its certificate does not lead to a configured authority'
}

function statusWords(words: readonly string[] | undefined): string {
  const [first] = words ?? []
  return first === undefined ? '' : `: ${JSON.stringify(first.slice(0, 120))}`
}

function refuse(why: string): TimestampJudged {
  return { ok: false, why }
}
