/** Factors by rising strength. `passkey` is phishing-resistant (requirement 2) and satisfies a demand for `totp`. */
export const FACTORS = ['password', 'totp', 'passkey'] as const
export type Factor = (typeof FACTORS)[number]

export function satisfies(has: Factor, wanted: Factor): boolean {
  return FACTORS.indexOf(has) >= FACTORS.indexOf(wanted)
}
