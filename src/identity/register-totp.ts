import { Fault } from '../kernel/faults.ts'
import { addFactors, type NewFactor } from './add-factor.ts'
import { type Admission, admit } from './admission.ts'
import type { IdentityContext } from './context.ts'
import { checkPassword } from './passwords.ts'
import { factorOf } from './people.ts'
import { totpStep } from './totp.ts'

export interface RegisterTotp {
  /** A code of the seed that `beginTotp` showed; used up by this. */
  readonly code: string
  /** A code alone does not sign in: needed unless the person has a password. Registered in the same frame. */
  readonly password?: string
}

/** Confirms the shown seed by a code and registers it, with a password when one is given. Uses an enrolment link up. */
export async function registerTotp(at: IdentityContext, by: Admission, input: RegisterTotp): Promise<void> {
  const now = at.journal.now()
  const admitted = admit(at.journal.state, by, now)
  if (admitted instanceof Fault) throw admitted
  const { person } = admitted
  const seed = at.seeds.find(person.id, now)
  if (seed === undefined) {
    throw new Fault('input.invalid', 'The secret to confirm is no longer there.', {
      next: 'Ask for a new one and add it to the app.',
    })
  }
  if (input.password === undefined && !factorOf(person, 'password') && !factorOf(person, 'passkey')) {
    throw new Fault('input.invalid', 'A code is used together with a password.', {
      next: 'Choose a password as well.',
      facts: { field: 'password' },
    })
  }
  if (input.password !== undefined) checkPassword(input.password, at.directory.handleOf(person.id) ?? '')
  const step = totpStep(seed, input.code, at.clock.now())
  if (step === undefined) {
    throw new Fault('input.invalid', 'The code does not fit the secret.', {
      next: 'Write the code the app shows now; check that the clock of the telephone is right.',
      facts: { field: 'code' },
    })
  }
  const added: NewFactor[] = [{ kind: 'totp', secret: { seed }, step }]
  if (input.password !== undefined) {
    added.unshift({ kind: 'password', secret: { hash: await at.passwords.hash(input.password) } })
  }
  await addFactors(at, by, admitted, added)
  at.seeds.end(person.id)
}
