import { sameBytes } from '../../../kernel/bytes.ts'
import { Fault } from '../../../kernel/faults.ts'
import type { ScramVerifier } from '../../../target/protocol.ts'
import { attribute, fromBase64, hash, hmac, SCRAM_PLUS, xor } from './scram.ts'

export interface ScramTerms {
  /** What the client chose. */
  readonly mechanism: string
  /** `tls-server-end-point` of our certificate; undefined when SCRAM-SHA-256-PLUS was not offered. */
  readonly endPoint: Buffer | undefined
  readonly verifier: ScramVerifier
  /** Our part of the nonce, printable ASCII without a comma. */
  readonly nonce: string
}

export interface ScramChallenge {
  /** `server-first-message`. */
  readonly reply: string
  /**
   * Checks the `client-final-message`. The answer is the `server-final-message`, or undefined when the proof is wrong.
   * Throws Fault `protocol.violation` for what is malformed or binds to another channel.
   */
  finish(clientFinal: string): string | undefined
}

/** Answers a `client-first-message` (RFC 5802 §5, §7). Throws Fault `protocol.violation`. */
export function scramChallenge(clientFirst: string, terms: ScramTerms): ScramChallenge {
  const found = /^([^,]*),([^,]*),(.*)$/s.exec(clientFirst)
  if (!found) throw new Fault('protocol.violation', 'malformed SCRAM message')
  const [, flag = '', authorization = '', bare = ''] = found
  checkBindingFlag(flag, terms)
  if (authorization !== '')
    throw new Fault('protocol.violation', 'SCRAM authorization identity is not supported')

  const parts = bare.split(',')
  // The user name in the message is ignored, as PostgreSQL does: the startup packet named the login.
  attribute(parts, 0, 'n')
  const clientNonce = attribute(parts, 1, 'r')
  if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(clientNonce))
    throw new Fault('protocol.violation', 'malformed SCRAM nonce')

  const nonce = clientNonce + terms.nonce
  const { verifier } = terms
  const reply = `r=${nonce},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`
  const header = `${flag},,`

  return {
    reply,
    finish(clientFinal) {
      const final = clientFinal.split(',')
      const binding = fromBase64(attribute(final, 0, 'c'))
      const expected = flag.startsWith('p')
        ? Buffer.concat([Buffer.from(header), terms.endPoint ?? Buffer.alloc(0)])
        : Buffer.from(header)
      if (!sameBytes(binding, expected))
        throw new Fault('protocol.violation', 'SCRAM channel binding check failed')
      if (attribute(final, 1, 'r') !== nonce)
        throw new Fault('protocol.violation', 'SCRAM nonce does not match')
      const proof = fromBase64(attribute(final, final.length - 1, 'p'))
      if (proof.length !== 32) throw new Fault('protocol.violation', 'malformed SCRAM proof')

      const withoutProof = clientFinal.slice(0, clientFinal.lastIndexOf(',p='))
      const signed = `${bare},${reply},${withoutProof}`
      const clientKey = xor(proof, hmac(verifier.storedKey, signed))
      if (!sameBytes(hash(clientKey), verifier.storedKey)) return undefined
      return `v=${hmac(verifier.serverKey, signed).toString('base64')}`
    },
  }
}

/**
 * RFC 5802 §6: `n` the client cannot bind, `y` it can but believes we cannot, `p=` it binds. A `y` although
 * SCRAM-SHA-256-PLUS was offered means somebody in between removed the offer.
 */
function checkBindingFlag(flag: string, terms: ScramTerms): void {
  const plus = terms.mechanism === SCRAM_PLUS
  if (plus) {
    if (flag === 'p=tls-server-end-point' && terms.endPoint !== undefined) return
    throw new Fault('protocol.violation', 'SCRAM-SHA-256-PLUS needs the channel binding tls-server-end-point')
  }
  if (flag === 'n') return
  if (flag === 'y' && terms.endPoint === undefined) return
  throw new Fault('protocol.violation', 'SCRAM channel binding negotiation was tampered with')
}
