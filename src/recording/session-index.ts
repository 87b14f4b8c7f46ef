import type { Entry } from '../ledger/log.ts'

export interface SessionRecord {
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
  readonly actions: number
  readonly refused: number
  readonly rows: number
  readonly bytes: number
}

interface Held {
  record: SessionRecord
  /** Positions of its entries in the log, ascending. */
  positions: number[]
}

/** Which entries belong to which session. Derived from the log, never a truth of its own. */
export class SessionIndex {
  readonly #sessions = new Map<string, Held>()
  readonly #open = new Set<string>()

  add(entry: Entry): void {
    if (entry.type === 'session.opened') {
      const { data } = entry
      const record: SessionRecord = {
        id: entry.src,
        grant: data.grant as string,
        person: entry.subject ?? '',
        target: entry.target ?? '',
        protocol: data.protocol as string,
        scope: data.scope as string,
        openedAt: entry.t,
        actions: 0,
        refused: 0,
        rows: 0,
        bytes: 0,
      }
      this.#sessions.set(entry.src, { record, positions: [entry.index] })
      this.#open.add(entry.src)
      return
    }
    const held = this.#sessions.get(entry.src)
    if (!held) return
    held.positions.push(entry.index)
    held.record = advanced(held.record, entry)
    if (entry.type === 'session.closed') this.#open.delete(entry.src)
  }

  get(session: string): SessionRecord | undefined {
    return this.#sessions.get(session)?.record
  }

  positions(session: string): readonly number[] {
    return this.#sessions.get(session)?.positions ?? []
  }

  /** Newest first. */
  *all(): IterableIterator<SessionRecord> {
    for (const { record } of [...this.#sessions.values()].reverse()) yield record
  }

  *open(): IterableIterator<SessionRecord> {
    for (const id of this.#open) yield (this.#sessions.get(id) as Held).record
  }
}

function advanced(record: SessionRecord, entry: Entry): SessionRecord {
  switch (entry.type) {
    case 'action':
      return {
        ...record,
        actions: record.actions + 1,
        refused: record.refused + (entry.outcome === 'refused' ? 1 : 0),
      }
    case 'result':
      return {
        ...record,
        rows: record.rows + Number(entry.data.rows ?? 0),
        bytes: record.bytes + Number(entry.data.bytes ?? 0),
      }
    case 'session.closed':
      return { ...record, closedAt: entry.t, reason: entry.data.reason as string }
    default:
      return record
  }
}
