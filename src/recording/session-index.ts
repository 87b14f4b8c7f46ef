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
  /** Positions of its entries in the log, ascending. */
  readonly positions: number[]
  closing: { readonly closedAt: number; readonly reason: string } | undefined
}

/** Which entries belong to which session. Derived from the log, never a truth of its own. */
export class SessionIndex {
  readonly #sessions = new Map<string, Held>()
  readonly #open = new Set<string>()

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

  /** An entry whose place is taken; without `noted` only the place counts. */
  note(session: string, position: number, noted?: Noted): void {
    const held = this.#sessions.get(session)
    if (!held) return
    held.positions.push(position)
    if (noted?.type === 'batch') {
      for (const { type, data, outcome } of itemsOf(noted.data, undefined)) count(held, type, data, outcome)
    } else if (noted) count(held, noted.type, noted.data, noted.outcome)
  }

  /** A `batch` whose place is taken, counted by whoever made it. */
  noteBatch(session: string, position: number, counts: Counts): void {
    const held = this.#sessions.get(session)
    if (!held) return
    held.positions.push(position)
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

  positions(session: string): readonly number[] {
    return this.#sessions.get(session)?.positions ?? []
  }

  /** Newest first. */
  *all(): IterableIterator<SessionRecord> {
    for (const held of [...this.#sessions.values()].reverse()) yield recordOf(held)
  }

  *open(): IterableIterator<SessionRecord> {
    for (const id of this.#open) yield recordOf(this.#sessions.get(id) as Held)
  }

  #begin({ src, subject, target, t, data }: Entry): void {
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
      positions: [],
      ...nothing(),
      closing: undefined,
    })
    this.#open.add(src)
  }
}

function recordOf({ opening, closing, actions, refused, writes, rows, changed, bytes }: Held): SessionRecord {
  return { ...opening, actions, refused, writes, rows, changed, bytes, ...closing }
}
