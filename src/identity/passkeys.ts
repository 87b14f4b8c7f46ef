import { sha256Hex } from '../kernel/bytes.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { Slice } from '../journal/slice.ts'
import { type FactorId, identityFact } from './events.ts'

export interface PasskeyOwner {
  readonly person: PersonId
  readonly factor: FactorId
}

/** Whose a passkey is, by `credentialKey`. A removed factor is no longer in `people`; its row here then names nothing. */
export const passkeys: Slice<PasskeyOwner> = {
  name: 'passkeys',
  keys(event) {
    const fact = identityFact(event)
    return fact?.type === 'factor.added' && fact.data.factor.credential ? [fact.data.factor.credential] : []
  },
  evolve(owner, event) {
    const fact = identityFact(event)
    return fact?.type === 'factor.added' ? { person: fact.data.person, factor: fact.data.factor.id } : owner
  },
}

/** `id`: the credential id as WebAuthn sends it, base64url. */
export function credentialKey(id: string): string {
  return sha256Hex(`webauthn:${id}`)
}
