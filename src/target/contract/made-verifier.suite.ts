import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { ScramVerifier } from '../protocol.ts'

/** Made here a second time, so that the gateway's own maker is not its only witness (RFC 5802 §3). */
export function makeVerifier(secret: string): ScramVerifier {
  const salt = randomBytes(16)
  const iterations = 4096
  const salted = pbkdf2Sync(secret, salt, iterations, 32, 'sha256')
  const keyed = (text: string) => createHmac('sha256', salted).update(text).digest()
  return {
    salt,
    iterations,
    storedKey: createHash('sha256').update(keyed('Client Key')).digest(),
    serverKey: keyed('Server Key'),
  }
}
