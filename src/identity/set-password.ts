import { Fault } from '../kernel/faults.ts'
import { addFactors } from './add-factor.ts'
import { admit } from './admission.ts'
import type { IdentityContext } from './context.ts'
import { checkPassword } from './passwords.ts'
import type { VerifiedPrincipal } from './verified-principal.ts'

/** Sets or replaces the password of somebody who has just shown a second factor. Ends their other tokens when it replaces one. */
export async function setPassword(
  at: IdentityContext,
  principal: VerifiedPrincipal,
  password: string,
): Promise<void> {
  const by = { principal }
  const admitted = admit(at.journal.state, by, at.journal.now())
  if (admitted instanceof Fault) throw admitted
  checkPassword(password, principal.handle)
  const hash = await at.passwords.hash(password)
  await addFactors(at, by, admitted, [{ kind: 'password', secret: { hash } }])
}
