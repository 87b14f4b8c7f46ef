import type { JournalEvent, Slice } from '../journal/slice.ts'
import { evolve } from './evolve.ts'
import { type Grant, loginsToEnd } from './grant.ts'
import { PENDING } from './states.ts'

const PREFIXES = ['grant.', 'credential.', 'login.', 'review.']

/** All grants by id. Hot: pending, active, or with a login left at a target. */
export const grants: Slice<Grant> = {
  name: 'grants',
  keys: (event: JournalEvent) =>
    typeof event.data.grant === 'string' && PREFIXES.some(prefix => event.type.startsWith(prefix))
      ? [event.data.grant]
      : [],
  evolve,
  hot: grant => PENDING.includes(grant.state) || grant.state === 'active' || loginsToEnd(grant).length > 0,
}

/** Which grant a login name belongs to; login names are random and never reused. */
export const loginNames: Slice<{ readonly grant: string; readonly credential: string }> = {
  name: 'login-names',
  keys: event => (event.type === 'credential.issued' ? [event.data.login as string] : []),
  evolve: (_, event) => ({ grant: event.data.grant as string, credential: event.data.credential as string }),
}
