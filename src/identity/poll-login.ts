import { Fault } from '../kernel/faults.ts'
import type { IdentityContext } from './context.ts'
import { type IssuedToken, tokenIssued } from './issue-token.ts'
import { liveToken } from './live-token.ts'
import { newSecret, secretDigest } from './secret.ts'

export type PolledLogin =
  | { readonly state: 'pending' }
  | { readonly state: 'approved'; readonly token: IssuedToken }

/**
 * What came of a login. The token is made here, once, for the terminal that started it, and only while the session that
 * approved it lives. Faults: `forbidden` when denied, `not_found` when unknown, told already or expired.
 */
export async function pollLogin(at: IdentityContext, poll: string): Promise<PolledLogin> {
  const polled = secretDigest('poll', poll)
  const request = polled && at.logins.poll(polled, at.journal.now())
  if (!request) {
    throw new Fault('not_found', 'This login is unknown or older than five minutes.', {
      next: 'Run `breakglass login` again.',
    })
  }
  const { answer, caller } = request
  if (answer.state === 'pending') return { state: 'pending' }
  if (answer.state === 'denied') {
    throw new Fault('forbidden', 'The login was denied in the browser.', {
      next: 'Run `breakglass login` again if it was yours.',
    })
  }
  const { secret, digest } = newSecret('token')
  const forMs = at.settings.cliMs
  await at.journal.execute((state, now) => {
    const live = liveToken(state, answer.byToken, now)
    if (live instanceof Fault) return live
    const { person } = live
    const event = tokenIssued(state, now, {
      person,
      digest,
      kind: 'cli',
      forMs,
      caller,
      byToken: answer.byToken,
    })
    return { events: [event], result: undefined }
  })
  return { state: 'approved', token: { secret, digest, person: answer.person, expiresMs: forMs } }
}
