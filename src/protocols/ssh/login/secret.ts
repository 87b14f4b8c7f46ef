import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { ScramVerifier } from '../../../target/protocol.ts'

const derive = promisify(pbkdf2)

/** Whether the secret, which SSH carries inside its encryption, is the one the verifier stands for (RFC 5802 §3: StoredKey). */
export async function provesSecret(secret: string, verifier: ScramVerifier): Promise<boolean> {
  const salted = await derive(secret, verifier.salt, verifier.iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  return timingSafeEqual(createHash('sha256').update(clientKey).digest(), verifier.storedKey)
}

/** For a login nobody was given: costs what a real one does and fits no secret. */
export function madeUpVerifier(login: string, key: Buffer): ScramVerifier {
  const part = (what: string): Buffer => createHmac('sha256', key).update(`${what}:${login}`).digest()
  return {
    salt: part('salt').subarray(0, 16),
    iterations: 4096,
    storedKey: part('stored'),
    serverKey: part('server'),
  }
}
