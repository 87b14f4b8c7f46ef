import { Fault } from '../kernel/faults.ts'
import type { IdentityContext } from './context.ts'
import { passkeyPrompt, type PasskeyPrompt } from './passkey-prompt.ts'
import { type StepUpOf, tokenOfStepUp } from './token-of-step-up.ts'

/** Begins a step-up by passkey for one token; the answer is good for that token alone. */
export async function beginPasskeyStepUp(at: IdentityContext, of: StepUpOf): Promise<PasskeyPrompt> {
  const token = tokenOfStepUp(at, of)
  if (token instanceof Fault) throw token
  return passkeyPrompt(at, 'step_up', token)
}
