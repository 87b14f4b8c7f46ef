const SLOWEST = 1 / 8
const FASTEST = 64
/** How far one press skips. Milliseconds of the recording. */
const SKIP_MS = 5_000

/** What a key does to a playback. */
export type PaceKey = 'pause' | 'faster' | 'slower' | 'step' | 'skip'

export const PACE_KEYS: Readonly<Record<string, PaceKey>> = {
  ' ': 'pause',
  '+': 'faster',
  '=': 'faster',
  '-': 'slower',
  '.': 'step',
  '\u001B[C': 'skip',
  '\u001BOC': 'skip',
}

/**
 * Where in a recording a playback is. Pure but for its own state: times come in, `now` in milliseconds of any clock that only goes
 * forward, places in milliseconds of the recording.
 */
export class Pace {
  #speed: number
  #paused = false
  /** Where it was at `#since`. */
  #place = 0
  #since: number

  constructor(speed: number, now: number) {
    this.#speed = speed
    this.#since = now
  }

  get speed(): number {
    return this.#speed
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Milliseconds until `due` is reached; Infinity while it pauses, 0 when it is or was. */
  wait(due: number, now: number): number {
    const left = due - this.#at(now)
    if (left <= 0) return 0
    return this.#paused ? Infinity : left / this.#speed
  }

  /** `due`: what comes next. */
  press(key: PaceKey, due: number, now: number): void {
    this.#place = this.#at(now)
    this.#since = now
    if (key === 'pause') this.#paused = !this.#paused
    else if (key === 'faster') this.#speed = Math.min(FASTEST, this.#speed * 2)
    else if (key === 'slower') this.#speed = Math.max(SLOWEST, this.#speed / 2)
    else if (key === 'skip') this.#place += SKIP_MS
    else {
      this.#paused = true
      this.#place = Math.max(this.#place, due)
    }
  }

  #at(now: number): number {
    return this.#paused ? this.#place : this.#place + (now - this.#since) * this.#speed
  }
}
