import { type IdentityContext } from './context.ts'
import { passkeyPrompt, type PasskeyPrompt } from './passkey-prompt.ts'

/** Begins a sign-in by passkey. Anonymous: the passkey itself says who it is, so the same is offered to everybody. */
export function beginPasskeySignIn(at: IdentityContext): Promise<PasskeyPrompt> {
  return passkeyPrompt(at, 'sign_in', '')
}
