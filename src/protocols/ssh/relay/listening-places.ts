import type { Outcome } from '../../../target/action.ts'
import type { Guard } from '../../../target/protocol.ts'
import type { Destination } from '../inspect/destination.ts'
import { describe } from './session-requests.ts'

/** Places at once; each is a socket that the target holds for this connection. */
const MOST_PLACES = 256
/** As a client names all addresses, or those of the loopback (RFC 4254 §7.1): what is connected to has an address of its own. */
const SEVERAL = new Set(['', '*', '0.0.0.0', '::', 'localhost'])

const REFUSED = { code: 'listen_failed', message: 'the target does not listen there' }
const UNANSWERED = { code: 'unanswered', message: 'the session ended before the target answered' }

/** An action that asked the target to listen. */
interface Asked {
  readonly seq: number
  readonly since: number
}

interface Listening extends Asked {
  readonly place: Destination
  connections: number
}

/**
 * Where the target listens for the client: the places that it has confirmed and that nobody has cancelled. Only from there may it open
 * channels. Records what came of each action that asked for one.
 */
export class ListeningPlaces {
  readonly #guard: Pick<Guard, 'finish'>
  readonly #now: () => number
  readonly #asked = new Set<Asked>()
  readonly #listening = new Map<string, Listening>()

  constructor(guard: Pick<Guard, 'finish'>, now: () => number) {
    this.#guard = guard
    this.#now = now
  }

  get full(): boolean {
    return this.#asked.size + this.#listening.size >= MOST_PLACES
  }

  /** The target is being asked, by the action with this number; the answer is told to what comes back. */
  ask(seq: number): { listens(place: Destination): void; refused(): void } {
    const asked = { seq, since: this.#now() }
    this.#asked.add(asked)
    return {
      listens: place => {
        if (!this.#asked.delete(asked)) return
        const before = this.#listening.get(describe(place))
        if (before) this.#done(before)
        this.#listening.set(describe(place), { ...asked, place, connections: 0 })
      },
      refused: () => {
        if (this.#asked.delete(asked)) this.#finish(asked, { error: REFUSED })
      },
    }
  }

  has(place: Destination): boolean {
    return this.#listening.has(describe(place))
  }

  /** The target has said that it listens there no longer. */
  ended(place: Destination): void {
    const known = this.#listening.get(describe(place))
    if (!known) return
    this.#listening.delete(describe(place))
    this.#done(known)
  }

  /** Whether a connection to `place` at the target is one that was asked for. */
  covers(place: Destination): boolean {
    return this.#of(place) !== undefined
  }

  /** Somebody connected there, and the client is told. */
  connected(place: Destination): void {
    const known = this.#of(place)
    if (known) known.connections++
  }

  /** The session is over, and with it all that listened. */
  over(): void {
    for (const known of this.#listening.values()) this.#done(known)
    for (const asked of this.#asked) this.#finish(asked, { error: UNANSWERED })
    this.#listening.clear()
    this.#asked.clear()
  }

  #of(to: Destination): Listening | undefined {
    const known = this.#listening.get(describe(to))
    if (known || 'path' in to) return known
    return [...this.#listening.values()].find(
      ({ place }) => !('path' in place) && place.port === to.port && SEVERAL.has(place.host),
    )
  }

  #done(known: Listening): void {
    const { place, connections } = known
    this.#finish(known, { detail: { listened: describe(place), connections } })
  }

  #finish({ seq, since }: Asked, came: Pick<Outcome, 'error' | 'detail'>): void {
    this.#guard.finish(seq, { rows: 0, bytes: 0, ms: this.#now() - since, ...came, cut: false })
  }
}
