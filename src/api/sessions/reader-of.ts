import { includes } from '../../grant/people.ts'
import { grants as grantSlice } from '../../grant/slice.ts'
import type { VerifiedPrincipal } from '../../identity/verified-principal.ts'
import type { Reader } from '../../recording/recordings.ts'
import type { AppDeps } from '../deps.ts'

/** What somebody may read: auditors every session, reviewers those of the grants they review, everybody their own. */
export function readerOf(
  { journal, roles }: Pick<AppDeps, 'journal' | 'roles'>,
  who: VerifiedPrincipal,
): Reader {
  return {
    person: who.person,
    mayRead: session => {
      if (includes(roles.audit, who)) return true
      const grant = journal.state.get(grantSlice, session.grant)
      return grant !== undefined && grant.person !== who.person && includes(grant.terms.review.from, who)
    },
  }
}
