import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'

/**
 * An authenticator in software (WebAuthn 3 §6): real keys, real signatures, no user. Holds one discoverable credential.
 * `origin` and `counter` can be set, as an attacker could.
 */
export class SoftwarePasskey {
  readonly id = randomBytes(32).toString('base64url')
  readonly #private: KeyObject
  readonly #public: KeyObject
  #userHandle = ''
  origin: string
  counter = 0
  /** UP | UV; without UV (0x04) nobody was verified. */
  flags = 0x05

  constructor(origin: string) {
    this.origin = origin
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#private = privateKey
    this.#public = publicKey
  }

  create(options: {
    challenge: string
    rp: { id?: string }
    user: { id: string }
  }): RegistrationResponseJSON {
    this.#userHandle = options.user.id
    const id = Buffer.from(this.id, 'base64url')
    const attested = Buffer.concat([Buffer.alloc(16), uint16(id.length), id, this.#cosePublicKey()])
    const authData = Buffer.concat([this.#authenticatorData(options.rp.id ?? '', 0x40), attested])
    // {"fmt": "none", "attStmt": {}, "authData": bytes}
    const attestation = Buffer.concat([
      Buffer.from('a363666d74646e6f6e656761747453746d74a0686175746844617461', 'hex'),
      cborBytes(authData),
    ])
    return {
      id: this.id,
      rawId: this.id,
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: this.#clientData('webauthn.create', options.challenge).toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      },
    }
  }

  get(options: { challenge: string; rpId?: string }): AuthenticationResponseJSON {
    const clientData = this.#clientData('webauthn.get', options.challenge)
    const authData = this.#authenticatorData(options.rpId ?? '', 0)
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()])
    return {
      id: this.id,
      rawId: this.id,
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: sign('sha256', signed, this.#private).toString('base64url'),
        userHandle: this.#userHandle,
      },
    }
  }

  #clientData(type: string, challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }))
  }

  #authenticatorData(rpId: string, more: number): Buffer {
    this.counter++
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    return Buffer.concat([
      createHash('sha256').update(rpId).digest(),
      Buffer.from([this.flags | more]),
      counter,
    ])
  }

  /** COSE_Key of ES256 (RFC 9053 §2.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}. */
  #cosePublicKey(): Buffer {
    const { x = '', y = '' } = this.#public.export({ format: 'jwk' })
    return Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ])
  }
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

function cborBytes(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x59]), uint16(bytes.length), bytes])
}
