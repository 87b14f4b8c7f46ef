import { generateAuthenticationOptions } from '@simplewebauthn/server'
import type { Purpose } from './challenges.ts'
import type { IdentityContext } from './context.ts'

/** What `navigator.credentials.get` takes, in WebAuthn's JSON form (WebAuthn 3 §5.1.8). */
export type RequestOptions = Awaited<ReturnType<typeof generateAuthenticationOptions>>

export interface PasskeyPrompt {
  /** Goes back with the answer; says which prompt it answers. */
  readonly attempt: string
  readonly options: RequestOptions
}

/** No list of credentials is offered: it would tell strangers who has which. */
export async function passkeyPrompt(
  at: IdentityContext,
  purpose: Purpose,
  bound: string,
): Promise<PasskeyPrompt> {
  const { attempt, challenge } = at.challenges.issue(purpose, bound, at.journal.now())
  const options = await generateAuthenticationOptions({
    rpID: at.settings.rpId,
    challenge: new Uint8Array(challenge),
    timeout: 120_000,
    userVerification: 'required',
  })
  return { attempt, options }
}
