import type { Caller } from './caller.ts'
import type { IdentityContext } from './context.ts'
import { sourceKey } from './source.ts'
import { UserCodes } from './user-codes.ts'

export interface StartedLogin {
  /** The terminal's own secret; nobody else sees it. */
  readonly poll: string
  /** Shown by the terminal and by the page that approves. */
  readonly code: string
  readonly link: string
  readonly expiresMs: number
  readonly pollEveryMs: number
}

/** A terminal asks to be let in, in the manner of RFC 8628. Anonymous; writes nothing. */
export function startLogin(at: IdentityContext, caller: Caller): StartedLogin {
  const { poll, code } = at.logins.start(caller, sourceKey(caller.source), at.journal.now())
  const link = `${at.settings.origin}/login?code=${code}`
  return { poll, code, link, expiresMs: UserCodes.lifeMs, pollEveryMs: 1000 }
}
