const FIRST_MS = 500
const LONGEST_MS = 60_000

/** Milliseconds before the next try after `failures` ≥ 1 of them: doubling, jittered by half. `random`: [0, 1). Pure. */
export function backoff(failures: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20))
  return full / 2 + (full / 2) * random
}
