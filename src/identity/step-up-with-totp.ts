import { Fault, isFault } from '../kernel/faults.ts'
import { codeIsNew } from './code-is-new.ts'
import type { IdentityContext } from './context.ts'
import { identityEvent } from './events.ts'
import { readFactor } from './factor-record.ts'
import { liveToken } from './live-token.ts'
import { factorOf } from './people.ts'
import { recordLockout } from './record-lockout.ts'
import { refusePrograms } from './refuse-programs.ts'
import { totpStep } from './totp.ts'
import type { VerifiedPrincipal } from './verified-principal.ts'

/**
 * Proves a TOTP code for the principal's token. Its lock-out is one of its own: only holders of a token can bring it about,
 * so strangers at the sign-in page cannot keep a signed-in person from stepping up.
 */
export async function stepUpWithTotp(
  at: IdentityContext,
  principal: VerifiedPrincipal,
  code: string,
): Promise<void> {
  const live = liveToken(at.journal.state, principal.token, at.journal.now())
  if (live instanceof Fault) throw live
  const program = refusePrograms(live.token.kind)
  if (program) throw program
  const totp = factorOf(live.person, 'totp')
  if (!totp) {
    throw new Fault('identity.factor_refused', 'No authenticator app is registered for you.', {
      next: 'Step up with a passkey.',
    })
  }
  const attempt = at.attempts.stepUps.begin(live.person.id, at.journal.now(), live.person.lockouts.step_up)
  try {
    const { seed } = await readFactor(at.secrets, totp, 'totp')
    const step = totpStep(seed, code, at.clock.now())
    if (step === undefined) throw refused()
    await at.journal.execute((state, now) => {
      const again = liveToken(state, principal.token, now)
      if (again instanceof Fault) return again
      const { person, token } = again
      if (!codeIsNew(person, totp.id, step)) return refused()
      const event = identityEvent('factor.proven', {
        person: person.id,
        token: token.digest,
        factor: 'totp',
        id: totp.id,
        door: 'step_up',
        step,
      })
      return { events: [event], result: undefined }
    })
    attempt.passed()
  } catch (error) {
    if (!isFault(error, 'identity.factor_refused')) {
      attempt.dropped()
      throw error
    }
    at.failures.note('step-up')
    const lockout = attempt.failed(at.journal.now())
    if (lockout) recordLockout(at, live.person.id, 'step_up', lockout)
    throw error
  }
}

function refused(): Fault {
  return new Fault('identity.factor_refused', 'This code is wrong or was used before.', {
    next: 'Wait for the next code; each works once.',
  })
}
