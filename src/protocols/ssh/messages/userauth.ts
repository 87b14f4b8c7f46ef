import { SshReader, SshWriter } from './fields.ts'
import { SSH } from './numbers.ts'

/** SSH_MSG_USERAUTH_REQUEST (RFC 4252 §5 and §7, RFC 4256 §3.1). */
export interface UserauthRequest {
  readonly user: string
  readonly service: string
  readonly proof:
    | { readonly method: 'none' | 'keyboard-interactive' }
    | { readonly method: 'password'; readonly password: string }
    | {
        readonly method: 'publickey'
        readonly algorithm: string
        readonly key: Buffer
        /** Absent in an offer, which proves nothing. `signed`: the part of the message that the signature covers. */
        readonly signature?: { readonly blob: Buffer; readonly signed: Buffer }
      }
    | { readonly method: 'unknown'; readonly name: string }
}

/** Fault `protocol.violation` when it is not one. */
export function decodeUserauthRequest(payload: Buffer): UserauthRequest {
  const reader = new SshReader(payload, 1)
  const user = reader.text()
  const service = reader.text()
  const method = reader.text()
  const proof = decodeProof(reader, method)
  if (proof.method !== 'unknown') reader.end()
  return { user, service, proof }
}

function decodeProof(reader: SshReader, method: string): UserauthRequest['proof'] {
  switch (method) {
    case 'none':
      return { method }
    case 'keyboard-interactive':
      reader.string()
      reader.string()
      return { method }
    case 'password': {
      const change = reader.boolean()
      const password = reader.text()
      if (change) reader.string()
      return { method, password }
    }
    case 'publickey': {
      const signs = reader.boolean()
      const algorithm = reader.text()
      const key = reader.string()
      if (!signs) return { method, algorithm, key }
      const signed = reader.since(0)
      return { method, algorithm, key, signature: { blob: reader.string(), signed } }
    }
    default:
      return { method: 'unknown', name: method }
  }
}

/** SSH_MSG_USERAUTH_INFO_RESPONSE (RFC 4256 §3.4); at most `most` answers. */
export function decodeInfoResponse(payload: Buffer, most: number): readonly string[] | undefined {
  const reader = new SshReader(payload, 1)
  const count = reader.uint32()
  if (count > most) return undefined
  const answers = Array.from({ length: count }, () => reader.text())
  reader.end()
  return answers
}

export function serviceAccept(name: string): Buffer {
  return new SshWriter().uint8(SSH.serviceAccept).string(name).take()
}

export function serviceRequest(name: string): Buffer {
  return new SshWriter().uint8(SSH.serviceRequest).string(name).take()
}

export function userauthFailure(methods: readonly string[]): Buffer {
  return new SshWriter().uint8(SSH.userauthFailure).string(methods.join(',')).boolean(false).take()
}

export function userauthSuccess(): Buffer {
  return Buffer.from([SSH.userauthSuccess])
}

/** Text that the client shows before the login is decided (RFC 4252 §5.4). */
export function userauthBanner(text: string): Buffer {
  return new SshWriter().uint8(SSH.userauthBanner).string(text).string('').take()
}

export function userauthPkOk(algorithm: string, key: Buffer): Buffer {
  return new SshWriter().uint8(SSH.userauthPkOk).string(algorithm).string(key).take()
}

/** Asks one question whose answer is not shown. */
export function userauthInfoRequest(prompt: string): Buffer {
  const writer = new SshWriter().uint8(SSH.userauthInfoRequest).string('').string('').string('')
  return writer.uint32(1).string(prompt).boolean(false).take()
}

export interface KeyProof {
  readonly user: string
  readonly algorithm: string
  /** Public key or certificate, as SSH encodes it. */
  readonly key: Buffer
}

/** A publickey request up to its signature: what is signed, behind the session id (RFC 4252 §7). */
export function publickeyRequest({ user, algorithm, key }: KeyProof): Buffer {
  const writer = new SshWriter().uint8(SSH.userauthRequest).string(user).string('ssh-connection')
  return writer.string('publickey').boolean(true).string(algorithm).string(key).take()
}
