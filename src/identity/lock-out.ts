import { type Instant, remaining } from '../kernel/clock.ts'
import type { Lockout } from './people.ts'

const SHORTEST = 30_000
const LONGEST = 15 * 60_000
/** A lock-out that ended this long ago no longer counts. */
const FORGOTTEN_AFTER = 60 * 60_000

/** Failures before the first lock-out. After it each further failure locks again, for twice as long. */
export const FREE_FAILURES = 5

/** The lock-out that still makes the next one longer, if there is one. */
export function remembered(previous: Lockout | undefined, now: Instant): Lockout | undefined {
  return previous && remaining(previous.at, previous.forMs + FORGOTTEN_AFTER, now) > 0 ? previous : undefined
}

/** 30 s, 1 min, 2 min … 15 min. */
export function nextLockout(previous: Lockout | undefined, now: Instant): Lockout {
  const last = remembered(previous, now)
  const level = last ? last.level + 1 : 0
  return { at: now, level, forMs: Math.min(LONGEST, SHORTEST * 2 ** Math.min(level, 10)) }
}

export function failuresAllowed(previous: Lockout | undefined, now: Instant, free: number): number {
  return remembered(previous, now) ? 1 : free
}
