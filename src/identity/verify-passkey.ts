import { type AuthenticationResponseJSON, verifyAuthenticationResponse } from '@simplewebauthn/server'
import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { View } from '../journal/slice.ts'
import type { IdentityContext } from './context.ts'
import type { FactorId } from './events.ts'
import { readFactor } from './factor-record.ts'
import { credentialKey, passkeys } from './passkeys.ts'
import { type HeldFactor, people, type Person } from './people.ts'

/** A right answer to a prompt. Whether its counter is new is for the decision to say (`passkeyCounts`). */
export interface PasskeyProof {
  readonly person: PersonId
  readonly factor: FactorId
  readonly counter: number
}

/** Checks signature, challenge, origin, RP id and user verification (WebAuthn 3 §7.2). Fault `identity.factor_refused`. */
export async function verifyPasskey(
  at: IdentityContext,
  response: AuthenticationResponseJSON,
  expectedChallenge: string,
): Promise<PasskeyProof> {
  const owner = at.journal.state.get(passkeys, credentialKey(response.id))
  const person = owner && at.journal.state.get(people, owner.person)
  const held = person?.factors.find(factor => factor.id === owner?.factor)
  if (!person || !held) throw passkeyRefused(undefined)
  const { userHandle } = response.response
  if (userHandle !== undefined && Buffer.from(userHandle, 'base64url').toString() !== person.id) {
    throw passkeyRefused('the user handle names somebody else')
  }
  const secret = await readFactor(at.secrets, held, 'passkey')
  const verified = await verifyAuthenticationResponse({
    response,
    expectedChallenge,
    expectedOrigin: at.settings.origin,
    expectedRPID: at.settings.rpId,
    requireUserVerification: true,
    credential: {
      id: secret.credential,
      publicKey: new Uint8Array(Buffer.from(secret.publicKey, 'base64url')),
      counter: held.counter ?? 0,
    },
  }).catch((cause: unknown) => {
    throw passkeyRefused(cause)
  })
  if (!verified.verified) throw passkeyRefused(undefined)
  return { person: person.id, factor: held.id, counter: verified.authenticationInfo.newCounter }
}

/** Pure, on the state of the decision: two answers with the same counter cannot both count (WebAuthn 3 §6.1.1). */
export function passkeyCounts(
  state: View,
  proof: PasskeyProof,
): { readonly person: Person; readonly held: HeldFactor } | Fault {
  const person = state.get(people, proof.person)
  const held = person?.factors.find(factor => factor.id === proof.factor)
  if (!person || !held) return passkeyRefused('the passkey was removed meanwhile')
  const last = held.counter ?? 0
  // Synchronised passkeys do not count: both stay 0.
  if ((last > 0 || proof.counter > 0) && proof.counter <= last)
    return passkeyRefused('the counter did not grow')
  return { person, held }
}

export function passkeyRefused(cause: unknown): Fault {
  return new Fault('identity.factor_refused', 'This passkey is not accepted.', {
    next: 'Use the passkey you registered here, or sign in with password and code.',
    cause,
  })
}
