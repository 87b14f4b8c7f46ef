import { type RegistrationResponseJSON, verifyRegistrationResponse } from '@simplewebauthn/server'
import { Fault } from '../kernel/faults.ts'
import { addFactors } from './add-factor.ts'
import { type Admission, admit } from './admission.ts'
import type { IdentityContext } from './context.ts'
import { credentialKey } from './passkeys.ts'

export interface RegisterPasskey {
  readonly attempt: string
  /** The browser's `PublicKeyCredential` as JSON. */
  readonly response: RegistrationResponseJSON
}

/** Verifies the answer to `beginPasskey` and registers the key (WebAuthn 3 §7.1). Uses an enrolment link up. */
export async function registerPasskey(
  at: IdentityContext,
  by: Admission,
  input: RegisterPasskey,
): Promise<void> {
  const now = at.journal.now()
  const admitted = admit(at.journal.state, by, now)
  if (admitted instanceof Fault) throw admitted
  const expectedChallenge = at.challenges.take(input.attempt, 'register', admitted.bound, now)
  const verified = await verifyRegistrationResponse({
    response: input.response,
    expectedChallenge,
    expectedOrigin: at.settings.origin,
    expectedRPID: at.settings.rpId,
    requireUserVerification: true,
  }).catch((cause: unknown) => {
    throw refused(cause)
  })
  if (!verified.verified) throw refused(undefined)
  const { credential, aaguid, credentialBackedUp } = verified.registrationInfo
  await addFactors(at, by, admitted, [
    {
      kind: 'passkey',
      secret: {
        credential: credential.id,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        transports: credential.transports ?? [],
        aaguid,
        backedUp: credentialBackedUp,
      },
      counter: credential.counter,
      credential: credentialKey(credential.id),
    },
  ])
}

function refused(cause: unknown): Fault {
  return new Fault('identity.factor_refused', 'The passkey could not be registered.', {
    next: 'Start again, on the address that breakglass is served under.',
    cause,
  })
}
