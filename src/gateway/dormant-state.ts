import type { Slice } from '../journal/slice.ts'

/** What the log knows of a dormant login, by its name. Its secret is in the vault. */
export interface DormantState {
  readonly name: string
  /** Wall ms when it last got a secret that holds at the target. */
  readonly armedAt?: number
  /** A new secret was begun and is not known to hold: neither the old nor the new one can be relied on. */
  readonly arming: boolean
  /** The grant it was woken for and that has not ended at the target. */
  readonly grant?: string
  /** It was used since it got its secret: it is owed a new one. */
  readonly used: boolean
}

export const dormantLogins: Slice<DormantState> = {
  name: 'dormant-logins',
  keys: ({ type, data }) =>
    type.startsWith('dormant.') || (type === 'login.dropped' && data.dormant === true)
      ? [data.login as string]
      : [],
  evolve(before = { name: '', arming: false, used: false }, { type, t, data }, name) {
    const { grant, ...rest } = before
    switch (type) {
      case 'dormant.arming':
        return { ...before, name, arming: true }
      case 'dormant.kept':
        return { ...before, name, arming: false }
      case 'dormant.armed':
        return { ...before, name, arming: false, armedAt: t, used: false }
      case 'dormant.used':
        return { ...before, name, grant: data.grant as string, used: true }
      default:
        return grant === data.grant ? { ...rest, name } : before
    }
  },
}

/** Free for a grant: it has a secret that holds and serves nobody else. */
export function isFree(state: DormantState | undefined): boolean {
  return state?.armedAt !== undefined && !state.arming && state.grant === undefined
}

const RENEW_MS = 7 * 86_400_000

/** Owed a fresh secret at `now` (wall ms): never had one, was used, or has had it for a week. Not while a grant uses it. */
export function owedSecret(state: DormantState | undefined, now: number): boolean {
  if (state?.armedAt === undefined || state.arming) return true
  return state.grant === undefined && (state.used || now - state.armedAt > RENEW_MS)
}
