import type { AuthenticationResponseJSON } from '@simplewebauthn/server'
import { Fault, isFault } from '../kernel/faults.ts'
import type { Caller } from './caller.ts'
import type { IdentityContext } from './context.ts'
import { identityEvent } from './events.ts'
import { type IssuedToken, tokenIssued } from './issue-token.ts'
import { personDisabled } from './person-disabled.ts'
import { newSecret } from './secret.ts'
import { sourceKey } from './source.ts'
import { passkeyCounts, verifyPasskey } from './verify-passkey.ts'

export interface PasskeySignIn {
  readonly attempt: string
  readonly response: AuthenticationResponseJSON
  readonly caller: Caller
}

/**
 * Signs in by the answer to `beginPasskeySignIn`. Never locked out: a signature cannot be guessed, so no number of
 * failures, by whomever, may keep the person on call from this door. Failures are counted for the record.
 */
export async function signInWithPasskey(at: IdentityContext, input: PasskeySignIn): Promise<IssuedToken> {
  const { secret, digest } = newSecret('token')
  const forMs = at.settings.sessionMs
  try {
    const challenge = at.challenges.take(input.attempt, 'sign_in', '', at.journal.now())
    const proof = await verifyPasskey(at, input.response, challenge)
    await at.journal.execute((state, now) => {
      const counted = passkeyCounts(state, proof)
      if (counted instanceof Fault) return counted
      const { person, held } = counted
      if (person.disabled) return personDisabled()
      const { counter } = proof
      const issued = tokenIssued(state, now, { person, digest, kind: 'session', forMs, caller: input.caller })
      const proven = identityEvent('factor.proven', {
        person: person.id,
        token: digest,
        factor: 'passkey',
        id: held.id,
        door: 'sign_in',
        counter,
      })
      return { events: [issued, proven], result: undefined }
    })
    return { secret, digest, person: proof.person, expiresMs: forMs }
  } catch (error) {
    if (isFault(error, 'identity.factor_refused')) at.failures.note(sourceKey(input.caller.source))
    throw error
  }
}
