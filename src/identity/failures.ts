import type { Journal } from '../journal/journal.ts'
import { identityEvent } from './events.ts'

const MINUTE = 60_000
/** Sources named in one event; the others are counted. An attacker chooses how many there are, not how long our events get. */
const NAMED = 50

/**
 * Failed sign-ins, summarised: at most one `signin.failures` a minute, whoever tries from wherever (DESIGN §9). Addresses
 * are sealed under a key of the day, so that retention can erase them by day.
 */
export class Failures {
  readonly #journal: Journal
  readonly #report: (error: unknown) => void
  #minute = 0
  #bySource = new Map<string, number>()
  #unnamed = 0
  #timer: NodeJS.Timeout | undefined

  /** `report`: told when a summary could not be written; the counts are kept for the next one. */
  constructor(journal: Journal, report: (error: unknown) => void) {
    this.#journal = journal
    this.#report = report
  }

  /** `source`: `sourceKey` of an address, or `step-up` for a factor refused to somebody who is signed in. */
  note(source: string): void {
    if (this.#bySource.size === 0) this.#minute = Math.floor(this.#journal.now().wall / MINUTE)
    const count = this.#bySource.get(source)
    if (count !== undefined || this.#bySource.size < NAMED) this.#bySource.set(source, (count ?? 0) + 1)
    else this.#unnamed++
    this.#timer ??= setTimeout(() => void this.flush(), MINUTE).unref()
  }

  /** Writes what has been counted. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#bySource.size === 0) return
    const bySource = this.#bySource
    const unnamed = this.#unnamed
    this.#bySource = new Map()
    this.#unnamed = 0
    const count = [...bySource.values()].reduce((sum, each) => sum + each, unnamed)
    const seal = `signin-${new Date(this.#minute * MINUTE).toISOString().slice(0, 10)}`
    const sources = [...bySource].map(([source, failures]) => ({ source, failures }))
    const event = identityEvent(
      'signin.failures',
      { minute: this.#minute, count, sources: bySource.size },
      { payload: { sources, elsewhere: unnamed }, seal },
    )
    try {
      await this.#journal.execute(() => ({ events: [event], result: undefined }))
    } catch (error) {
      for (const [source, failures] of bySource)
        this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + failures)
      this.#unnamed += unnamed
      this.#timer ??= setTimeout(() => void this.flush(), MINUTE).unref()
      this.#report(error)
    }
  }
}
