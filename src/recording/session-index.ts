import type { JsonObject } from '../kernel/json.ts'
import type { Entry } from '../ledger/log.ts'
import { count, type Counts, itemsOf, nothing } from './batch.ts'

export interface SessionRecord extends Readonly<Counts> {
  readonly id: string
  readonly grant: string
  readonly person: string
  readonly target: string
  readonly protocol: string
  readonly scope: string
  /** Wall ms. */
  readonly openedAt: number
  readonly closedAt?: number
  readonly reason?: string
}

/** What of an entry the totals count. */
export interface Noted {
  readonly type: string
  readonly data: JsonObject
  readonly outcome: string | undefined
}

type Opening = Omit<SessionRecord, 'closedAt' | 'reason' | keyof Counts>

/** Counts in place: this is on the path of every action. */
interface Held extends Counts {
  readonly opening: Opening
  /** Index of its first entry in the log, and of the last that was counted. */
  readonly first: number
  last: number
  closing: Closing | undefined
}

interface Closing {
  readonly closedAt: number
  readonly reason: string
}

/** A session as it is kept between starts. */
export type KeptSession = Readonly<Held>

/**
 * Which sessions there are and where in the log their entries lie. Derived from the log, never a truth of its own. Told of every
 * entry once it is durable, in order, within the turn of the event loop in which it became so: at the beginning of any other
 * turn it stands for all entries below `until`.
 */
export class SessionIndex {
  readonly #sessions = new Map<string, Held>()
  readonly #open = new Set<string>()
  /** Who waits for more of a session. */
  readonly #listeners = new Map<string, Set<() => void>>()
  #until = 0

  /** Index behind the last entry it was told of. */
  get until(): number {
    return this.#until
  }

  /** An entry as read back, when the log is folded; and those that open and close a session. */
  add(entry: Entry): void {
    const { type, src, index, data, outcome } = entry
    if (type === 'session.opened') this.#begin(entry)
    this.note(src, index, { type, data, outcome })
    const held = this.#sessions.get(src)
    if (type !== 'session.closed' || !held) return
    held.closing = { closedAt: entry.t, reason: data.reason as string }
    this.#open.delete(src)
  }

  /** Without `noted` only the place counts. */
  note(session: string, position: number, noted?: Noted): void {
    const held = this.#at(session, position)
    if (!held) return
    if (noted?.type === 'batch') {
      for (const { type, data, outcome } of itemsOf(noted.data, undefined)) count(held, type, data, outcome)
    } else if (noted) count(held, noted.type, noted.data, noted.outcome)
  }

  /** A `batch`, counted by whoever made it. */
  noteBatch(session: string, position: number, counts: Counts): void {
    const held = this.#at(session, position)
    if (!held) return
    held.actions += counts.actions
    held.refused += counts.refused
    held.writes += counts.writes
    held.rows += counts.rows
    held.changed += counts.changed
    held.bytes += counts.bytes
  }

  get(session: string): SessionRecord | undefined {
    const held = this.#sessions.get(session)
    return held && recordOf(held)
  }

  /** Between which indices of the log its entries lie, both included. */
  span(session: string): { readonly first: number; readonly last: number } | undefined {
    const held = this.#sessions.get(session)
    return held && { first: held.first, last: held.last }
  }

  /** Newest first. */
  *all(): IterableIterator<SessionRecord> {
    for (const held of [...this.#sessions.values()].reverse()) yield recordOf(held)
  }

  *open(): IterableIterator<SessionRecord> {
    for (const id of this.#open) yield recordOf(this.#sessions.get(id) as Held)
  }

  /**
   * Called whenever more of the session is durable, within the turn in which the index is told; all it adds to the index is there
   * when that turn is over. Returns how to stop.
   */
  listen(session: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(session) ?? new Set()
    this.#listeners.set(session, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(session) === listeners) this.#listeners.delete(session)
    }
  }

  /** As they are now. Sessions that are not there are left out. */
  export(sessions: Iterable<string>): KeptSession[] {
    return [...sessions].flatMap(id => {
      const held = this.#sessions.get(id)
      return held === undefined ? [] : [{ ...held }]
    })
  }

  get openIds(): ReadonlySet<string> {
    return this.#open
  }

  /** Goes on from what was exported at `until`. `sessions`: in the order in which they were opened. */
  import(sessions: readonly KeptSession[], until: number): void {
    for (const held of sessions) {
      const { id } = held.opening
      this.#sessions.set(id, { ...held })
      if (held.closing === undefined) this.#open.add(id)
      else this.#open.delete(id)
    }
    this.#until = until
  }

  #at(session: string, position: number): Held | undefined {
    this.#until = Math.max(this.#until, position + 1)
    const held = this.#sessions.get(session)
    if (held === undefined) return undefined
    held.last = position
    const listeners = this.#listeners.get(session)
    if (listeners !== undefined) for (const listener of listeners) listener()
    return held
  }

  #begin({ src, subject, target, t, data, index }: Entry): void {
    this.#sessions.set(src, {
      opening: {
        id: src,
        grant: data.grant as string,
        person: subject ?? '',
        target: target ?? '',
        protocol: data.protocol as string,
        scope: data.scope as string,
        openedAt: t,
      },
      first: index,
      last: index,
      ...nothing(),
      closing: undefined,
    })
    this.#open.add(src)
  }
}

function recordOf({ opening, closing, actions, refused, writes, rows, changed, bytes }: Held): SessionRecord {
  return { ...opening, actions, refused, writes, rows, changed, bytes, ...closing }
}
