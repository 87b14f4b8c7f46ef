import { type Clock, type Instant, remaining } from '../kernel/clock.ts'
import type { View } from '../journal/slice.ts'
import type { Grant } from '../grant/grant.ts'
import { endsAt } from '../grant/grant.ts'
import { grants } from '../grant/slice.ts'
import type { LiveSessions } from './live-sessions.ts'

/** A wall clock that is set while nothing happens is noticed within this time. */
const GLANCE_MS = 50
const WARN_BEFORE_MS = [300_000, 60_000]
/** Clocks of one machine are stepped by this much in ordinary life; beyond it, earlier than the log ends grants. */
const STEP_MS = 2_000

export interface DeadlineOptions {
  readonly clock: Clock
  readonly state: View
  readonly live: LiveSessions
  /** Wall ms of the last entry of the control log. */
  readonly lastLogged: () => number
  /** Called once per glance for each grant whose time is over; must not throw. */
  readonly expire: (grant: Grant) => void
}

/** Ends grants at the exact time by whichever clock says so first, warns before, and ends idle sessions. */
export function watchDeadlines(options: DeadlineOptions): { stop(): void } {
  const { clock, state, live } = options
  const told = new WeakMap<object, number>()
  let timer: NodeJS.Timeout | undefined

  const look = (): void => {
    const now = clock.now()
    const wentBack = now.wall < options.lastLogged() - STEP_MS
    let wait = GLANCE_MS
    for (const grant of state.hot(grants)) {
      if (grant.state !== 'active' || !grant.activatedAt) continue
      const left = wentBack ? 0 : remaining(grant.activatedAt, grant.durationMs, now)
      if (left <= 0) {
        options.expire(grant)
        continue
      }
      wait = Math.min(wait, Math.ceil(left))
      attend(grant, left, now)
    }
    timer = setTimeout(look, wait)
  }

  const attend = (grant: Grant, left: number, now: Instant): void => {
    const idleMs = grant.terms.time.idleMs
    for (const session of live.of(grant.id)) {
      const { held } = session
      if (held && remaining(held.since, held.withinMs, now) <= 0) held.undo('nobody decided in time')
      if (idleMs !== undefined && now.mono - session.lastSeen > idleMs) {
        session.end({
          reason: 'idle',
          text: `breakglass: nothing was done for ${idleMs / 60_000} minutes, so this session ends. Connect again while the grant lasts.`,
        })
        continue
      }
      const level = WARN_BEFORE_MS.filter(before => left <= before).length
      if (level <= (told.get(session) ?? 0)) continue
      told.set(session, level)
      session.notice(warning(grant, left))
    }
  }

  look()
  return { stop: () => clearTimeout(timer) }
}

function warning(grant: Grant, left: number): string {
  const at = new Date(endsAt(grant) ?? 0).toISOString().slice(11, 19)
  const seconds = Math.max(1, Math.round(left / 1000))
  const span = seconds >= 90 ? `${Math.round(seconds / 60)} minutes` : `${seconds} seconds`
  return `breakglass: access ends by itself at ${at} UTC, in ${span}. Commit or save your work.`
}
