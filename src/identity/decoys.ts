import { hash } from '@node-rs/argon2'
import { randomBytes } from 'node:crypto'
import type { Passwords } from './passwords.ts'
import type { Secrets } from './secrets.ts'
import { newSeed } from './totp.ts'

const PASSWORD = 'decoy/password'
const TOTP = 'decoy/totp'

/**
 * Factors of nobody, in the vault like those of people: an unknown handle costs the same reads and the same hash, so that
 * the time of an answer does not tell who exists.
 */
export async function makeDecoys(secrets: Secrets, passwords: Passwords): Promise<void> {
  if ((await secrets.get(PASSWORD)) === undefined) {
    await secrets.put(PASSWORD, Buffer.from(await passwords.hash(randomBytes(24).toString('base64url'))))
  }
  if ((await secrets.get(TOTP)) === undefined) await secrets.put(TOTP, Buffer.from(newSeed()))
}

export async function readDecoys(
  secrets: Secrets,
): Promise<{ readonly hash: string; readonly seed: string }> {
  const [stored, seed] = [await secrets.get(PASSWORD), await secrets.get(TOTP)]
  return { hash: stored?.toString() ?? (await hash('')), seed: seed?.toString() ?? newSeed() }
}
