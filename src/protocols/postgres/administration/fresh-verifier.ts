import { randomBytes } from 'node:crypto'
import { SCRAM_SHAPE, scramKeys, verifierText } from '../login/scram.ts'

/** What the target gets instead of the secret: a verifier under a fresh salt, as `pg_authid` holds it. */
export async function freshVerifier(secret: string): Promise<string> {
  const salt = randomBytes(SCRAM_SHAPE.saltBytes)
  const keys = await scramKeys(secret, salt, SCRAM_SHAPE.iterations)
  return verifierText({ ...keys, salt, iterations: SCRAM_SHAPE.iterations })
}
