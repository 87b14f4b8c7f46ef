import { generateRegistrationOptions } from '@simplewebauthn/server'
import { Fault } from '../kernel/faults.ts'
import { type Admission, admit } from './admission.ts'
import type { IdentityContext } from './context.ts'
import { readFactor } from './factor-record.ts'

/** What `navigator.credentials.create` takes, in WebAuthn's JSON form (WebAuthn 3 §5.1.8). */
export type CreationOptions = Awaited<ReturnType<typeof generateRegistrationOptions>>

export interface PasskeyCreation {
  /** Goes back with the answer; says which prompt it answers. */
  readonly attempt: string
  readonly options: CreationOptions
}

/**
 * Begins to register a passkey. Discoverable and with user verification: it is both factors in one touch, and signing in
 * with it needs no handle, so that nobody learns from us which handles exist.
 */
export async function beginPasskey(at: IdentityContext, by: Admission): Promise<PasskeyCreation> {
  const now = at.journal.now()
  const admitted = admit(at.journal.state, by, now)
  if (admitted instanceof Fault) throw admitted
  const { person, bound } = admitted
  const held = person.factors.filter(factor => factor.kind === 'passkey')
  const registered = await Promise.all(held.map(factor => readFactor(at.secrets, factor, 'passkey')))
  const { attempt, challenge } = at.challenges.issue('register', bound, now)
  const handle = at.directory.handleOf(person.id) ?? person.id
  const options = await generateRegistrationOptions({
    rpName: `${at.settings.organisation} breakglass`,
    rpID: at.settings.rpId,
    userID: new Uint8Array(Buffer.from(person.id)),
    userName: handle,
    userDisplayName: at.directory.nameOf(person.id) ?? handle,
    challenge: new Uint8Array(challenge),
    timeout: 120_000,
    attestationType: 'none',
    excludeCredentials: registered.map(({ credential, transports }) => ({
      id: credential,
      transports: [...transports],
    })),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
  })
  return { attempt, options }
}
