/**
 * A moment by two clocks. `wall`: milliseconds since 1970 UTC, may jump. `mono`: milliseconds since the machine
 * booted (CLOCK_MONOTONIC), never jumps, comparable between processes only while `boot` is the same.
 */
export interface Instant {
  readonly wall: number
  readonly mono: number
  readonly boot: string
}

/** Time enters decisions as an argument; only drivers implement this. */
export interface Clock {
  now(): Instant
}

/** The earlier end wins: whichever of the two clocks says the duration has passed (DESIGN §3). */
export function hasPassed(since: Instant, durationMs: number, now: Instant): boolean {
  return remaining(since, durationMs, now) <= 0
}

/** Milliseconds left of a duration that began at `since`; a wall clock found earlier than `since` leaves nothing. */
export function remaining(since: Instant, durationMs: number, now: Instant): number {
  if (now.wall < since.wall) return 0
  const byWall = since.wall + durationMs - now.wall
  if (now.boot !== since.boot) return byWall
  return Math.min(byWall, since.mono + durationMs - now.mono)
}
