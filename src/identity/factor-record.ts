import { sha256Hex } from '../kernel/bytes.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Factor } from '../kernel/principal.ts'
import type { FactorId } from './events.ts'
import type { HeldFactor } from './people.ts'
import type { Secrets } from './secrets.ts'

/** What decides whether a factor is right. Vault only; the log names it by digest, so a swapped record proves nobody. */
export interface FactorSecrets {
  /** `hash`: argon2id in PHC form. */
  password: { readonly hash: string }
  /** `seed`: base32. */
  totp: { readonly seed: string }
  /** `credential`, `publicKey` (COSE): base64url as WebAuthn sends them. `backedUp`: the key is synchronised between devices. */
  passkey: {
    readonly credential: string
    readonly publicKey: string
    readonly transports: readonly string[]
    readonly aaguid: string
    readonly backedUp: boolean
  }
}

export function factorRecord(factor: FactorId): string {
  return `factor/${factor}`
}

export function encodeFactor<K extends Factor>(
  kind: K,
  person: PersonId,
  secret: FactorSecrets[K],
): { readonly bytes: Buffer; readonly digest: string } {
  const bytes = Buffer.from(canonicalJson({ v: 1, kind, person, secret: secret as unknown as JsonObject }))
  return { bytes, digest: sha256Hex(bytes) }
}

/** Fault `ledger.damaged` when the vault does not hold, byte for byte, the record the log names. */
export async function readFactor<K extends Factor>(
  secrets: Secrets,
  held: HeldFactor & { readonly kind: Factor },
  kind: K,
): Promise<FactorSecrets[K]> {
  const bytes = await secrets.get(factorRecord(held.id))
  if (!bytes || sha256Hex(bytes) !== held.digest || held.kind !== kind) {
    throw new Fault('ledger.damaged', 'A stored factor is missing or is not the one the log names.', {
      next: 'Run `breakglass ledger verify`; sign in with another factor or ask for a new enrolment link.',
      facts: { factor: held.id },
    })
  }
  const record = JSON.parse(bytes.toString()) as { readonly secret: FactorSecrets[K] }
  return record.secret
}
