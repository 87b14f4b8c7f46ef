import { sameBytes } from '../../../kernel/bytes.ts'
import { Fault } from '../../../kernel/faults.ts'
import { attribute, fromBase64, hmac, SCRAM, SCRAM_PLUS, scramKeys, xor } from './scram.ts'

// A target that asks for more would let a hostile server burn our processor.
const MOST_ITERATIONS = 1_000_000

export interface ScramClient {
  readonly mechanism: string
  /** `client-first-message`. */
  readonly first: string
  /** Answers the `server-first-message`; the verifier of `server-final-message` comes with it. */
  answer(
    serverFirst: string,
  ): Promise<{ readonly final: string; readonly verify: (serverFinal: string) => boolean }>
}

/**
 * The client side for a target that offers `mechanisms`; `endPoint` when the connection is TLS. Binds to the channel
 * whenever the target offers it. Throws Fault `target.misconfigured` when no mechanism fits or the target misbehaves.
 */
export function scramClient(
  secret: string,
  mechanisms: readonly string[],
  endPoint: Buffer | undefined,
  nonce: string,
): ScramClient {
  const plus = endPoint !== undefined && mechanisms.includes(SCRAM_PLUS)
  if (!plus && !mechanisms.includes(SCRAM)) {
    throw new Fault('target.misconfigured', 'the target offers no SASL mechanism we speak', {
      next: 'Let pg_hba.conf use scram-sha-256 for the breakglass logins.',
    })
  }
  const header = plus ? 'p=tls-server-end-point,,' : endPoint === undefined ? 'n,,' : 'y,,'
  const bare = `n=,r=${nonce}`
  return {
    mechanism: plus ? SCRAM_PLUS : SCRAM,
    first: header + bare,
    async answer(serverFirst) {
      const parts = serverFirst.split(',')
      const whole = attribute(parts, 0, 'r')
      if (!whole.startsWith(nonce) || whole.length === nonce.length) throw dishonest()
      const iterations = Number(attribute(parts, 2, 'i'))
      if (!Number.isInteger(iterations) || iterations < 1 || iterations > MOST_ITERATIONS) throw dishonest()
      const keys = await scramKeys(secret, fromBase64(attribute(parts, 1, 's')), iterations)

      const binding = plus ? Buffer.concat([Buffer.from(header), endPoint]) : Buffer.from(header)
      const withoutProof = `c=${binding.toString('base64')},r=${whole}`
      const signed = `${bare},${serverFirst},${withoutProof}`
      const proof = xor(keys.clientKey, hmac(keys.storedKey, signed))
      const expected = hmac(keys.serverKey, signed)
      return {
        final: `${withoutProof},p=${proof.toString('base64')}`,
        verify(serverFinal) {
          const said = attribute(serverFinal.split(','), 0, 'v')
          return sameBytes(Buffer.from(said, 'base64'), expected)
        },
      }
    },
  }
}

function dishonest(): Fault {
  return new Fault('target.misconfigured', 'the target answered the SCRAM exchange wrongly', {
    next: 'Check that the address really is the target; nothing was sent that reveals the secret.',
  })
}
