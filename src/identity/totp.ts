import { Secret, TOTP } from 'otpauth'
import type { Instant } from '../kernel/clock.ts'

/** RFC 6238 with what every authenticator app can do: SHA-1, six digits, steps of 30 s. */
const PERIOD = 30
const DIGITS = 6
/** Steps before and after the present one that are accepted: clocks of telephones (RFC 6238 §5.2). */
const WINDOW = 1

/** 160 random bits in base32 (RFC 4226 §4 R6). */
export function newSeed(): string {
  return new Secret({ size: 20 }).base32
}

/**
 * The time step a code belongs to; undefined when it belongs to none in the window. `at` is the wall clock and not the log's
 * time: the telephone knows nothing of a log that once ran ahead. Whether the step was used before is the person's state.
 */
export function totpStep(seed: string, code: string, at: Instant): number | undefined {
  const digits = code.replaceAll(/[\s-]/g, '')
  if (!/^\d{6}$/.test(digits)) return undefined
  const delta = TOTP.validate({
    secret: Secret.fromBase32(seed),
    token: digits,
    digits: DIGITS,
    period: PERIOD,
    timestamp: at.wall,
    window: WINDOW,
  })
  return delta === null ? undefined : TOTP.counter({ period: PERIOD, timestamp: at.wall }) + delta
}

/** The key URI authenticator apps take. `issuer` tells one organisation's entry from another's. */
export function otpauthUri(seed: string, issuer: string, handle: string): string {
  return new TOTP({ secret: seed, issuer, label: handle, digits: DIGITS, period: PERIOD }).toString()
}
