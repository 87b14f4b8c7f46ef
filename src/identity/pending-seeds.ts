import { type Instant, remaining } from '../kernel/clock.ts'
import type { PersonId } from '../kernel/ids.ts'
import { newSeed } from './totp.ts'

const LIFE = 15 * 60_000

/**
 * TOTP seeds that were shown and not yet confirmed by a code: one per person, the newest. Held here and not in the vault,
 * as most of a seed's ways to end before it counts leave nothing behind.
 */
export class PendingSeeds {
  readonly #seeds = new Map<PersonId, { readonly seed: string; readonly at: Instant }>()

  begin(person: PersonId, now: Instant): string {
    const seed = newSeed()
    this.#seeds.set(person, { seed, at: now })
    return seed
  }

  find(person: PersonId, now: Instant): string | undefined {
    const pending = this.#seeds.get(person)
    return pending && remaining(pending.at, LIFE, now) > 0 ? pending.seed : undefined
  }

  end(person: PersonId): void {
    this.#seeds.delete(person)
  }
}
