import type { AuthenticationResponseJSON } from '@simplewebauthn/server'
import { Fault, isFault } from '../kernel/faults.ts'
import type { IdentityContext } from './context.ts'
import { identityEvent } from './events.ts'
import { liveToken } from './live-token.ts'
import { type StepUpOf, tokenOfStepUp } from './token-of-step-up.ts'
import { passkeyCounts, passkeyRefused, verifyPasskey } from './verify-passkey.ts'

export interface PasskeyStepUp {
  readonly attempt: string
  readonly response: AuthenticationResponseJSON
}

/** Proves a passkey for the token the prompt was made for. The passkey of anybody else is refused (requirement 16). */
export async function stepUpWithPasskey(
  at: IdentityContext,
  of: StepUpOf,
  input: PasskeyStepUp,
): Promise<void> {
  const digest = tokenOfStepUp(at, of)
  if (digest instanceof Fault) throw digest
  try {
    const challenge = at.challenges.take(input.attempt, 'step_up', digest, at.journal.now())
    const proof = await verifyPasskey(at, input.response, challenge)
    await at.journal.execute((state, now) => {
      const live = liveToken(state, digest, now)
      if (live instanceof Fault) return live
      if (live.person.id !== proof.person) return passkeyRefused('the passkey of somebody else')
      const counted = passkeyCounts(state, proof)
      if (counted instanceof Fault) return counted
      const event = identityEvent('factor.proven', {
        person: proof.person,
        token: digest,
        factor: 'passkey',
        id: counted.held.id,
        door: 'step_up',
        counter: proof.counter,
      })
      return { events: [event], result: undefined }
    })
  } catch (error) {
    if (isFault(error, 'identity.factor_refused')) at.failures.note('step-up')
    throw error
  }
  if ('code' in of) at.stepUps.take(of.code, at.journal.now())
}
