import { Fault } from '../kernel/faults.ts'
import type { Journal } from '../journal/journal.ts'
import { followActions, type RecordedEntry, readActions } from './read-actions.ts'
import type { SessionRecord } from './session-index.ts'
import type { SessionLog } from './session-log.ts'
import { matchesFilter, type StatementFilter } from './statement-filter.ts'
import { type RecordedStatement, statementsOf } from './statements.ts'

/** Who reads, and what they may see beyond their own sessions. */
export interface Reader {
  /** Pseudonym `p_…`. */
  readonly person: string
  mayRead(session: SessionRecord): boolean
}

export interface Match {
  readonly session: string
  readonly entry: RecordedEntry
}

export interface StatementMatch {
  readonly session: string
  readonly statement: RecordedStatement
}

interface Where {
  readonly target?: string
  readonly person?: string
  /** At most this many matches; the answer says when there were more. */
  readonly limit: number
}

export interface SearchOptions extends Where {
  readonly text: string
}

export interface Recordings {
  /** Newest first, only what the reader may see. */
  list(
    reader: Reader,
    filter?: { readonly grant?: string; readonly open?: boolean },
  ): readonly SessionRecord[]
  /** Logs the reading, then reads. Fault `not_found`, `forbidden` (both logged when the session exists). */
  replay(
    reader: Reader,
    session: string,
  ): Promise<{ session: SessionRecord; entries: AsyncGenerator<RecordedEntry> }>
  /**
   * Logs the watching, then reads what is there and follows the session until it is closed or the signal aborts. Who loses the right
   * meanwhile sees nothing more: the entries end with Fault `forbidden`. Faults as `replay`.
   */
  watch(
    reader: Reader,
    session: string,
    signal: AbortSignal,
  ): Promise<{ session: SessionRecord; entries: AsyncGenerator<RecordedEntry> }>
  /** Case-insensitive search in everything sealed of the sessions the reader may see. Logged before it starts. */
  search(reader: Reader, options: SearchOptions): Promise<{ matches: readonly Match[]; more: boolean }>
  /** Statements of the sessions the reader may see, newest session first. Logged before it starts. Fault `input.invalid`: no filter. */
  statements(
    reader: Reader,
    filter: StatementFilter,
    where: Where,
  ): Promise<{ matches: readonly StatementMatch[]; more: boolean }>
}

export function createRecordings(sessions: SessionLog, journal: Journal): Recordings {
  const log = (
    type: string,
    by: string,
    outcome: string,
    data: Record<string, string | number>,
    payload?: Record<string, string>,
  ) =>
    journal.execute(() => ({
      events: [{ type, subject: by, outcome, data: { by, ...data }, ...(payload && { payload, seal: by }) }],
      result: undefined,
    }))

  const mayRead = (reader: Reader, session: SessionRecord): boolean =>
    session.person === reader.person || reader.mayRead(session)

  async function permitted(reader: Reader, id: string): Promise<SessionRecord> {
    const session = sessions.index.get(id)
    if (!session)
      throw new Fault('not_found', `There is no session ${id}.`, {
        next: 'List sessions with `breakglass sessions`.',
      })
    if (!mayRead(reader, session)) throw await refused(reader, session)
    return session
  }

  async function refused(reader: Reader, { id, grant }: SessionRecord): Promise<Fault> {
    await log('recording.refused', reader.person, 'refused', { session: id, grant })
    return new Fault('forbidden', 'This session is not yours to read.', {
      next: 'Its reviewers and the auditors may; this attempt was recorded.',
    })
  }

  async function* asLongAsPermitted(
    reader: Reader,
    session: SessionRecord,
    entries: AsyncGenerator<RecordedEntry>,
  ): AsyncGenerator<RecordedEntry> {
    for await (const entry of entries) {
      if (!mayRead(reader, session)) throw await refused(reader, session)
      yield entry
    }
  }

  return {
    list(reader, filter = {}) {
      const found: SessionRecord[] = []
      for (const session of sessions.index.all()) {
        if (filter.grant !== undefined && session.grant !== filter.grant) continue
        if (filter.open !== undefined && filter.open !== (session.closedAt === undefined)) continue
        if (mayRead(reader, session)) found.push(session)
      }
      return found
    },
    async replay(reader, id) {
      const session = await permitted(reader, id)
      await log('recording.read', reader.person, 'read', { session: id, grant: session.grant })
      return { session, entries: readActions(sessions, id) }
    },
    async watch(reader, id, signal) {
      const session = await permitted(reader, id)
      await log('recording.watched', reader.person, 'read', { session: id, grant: session.grant })
      return { session, entries: asLongAsPermitted(reader, session, followActions(sessions, id, signal)) }
    },
    async search(reader, { text, target, person, limit }) {
      const needle = text.toLowerCase()
      if (needle.trim() === '')
        throw new Fault('input.invalid', 'There is nothing to search for.', { next: 'Give a word.' })
      const scope = within(this.list(reader), { target, person })
      await log('recording.searched', reader.person, 'read', { sessions: scope.length }, { text })
      const matches: Match[] = []
      for (const session of scope) {
        for await (const entry of readActions(sessions, session.id)) {
          if (entry.payload === undefined) continue
          if (!JSON.stringify(entry.payload).toLowerCase().includes(needle)) continue
          if (matches.length === limit) return { matches, more: true }
          matches.push({ session: session.id, entry })
        }
      }
      return { matches, more: false }
    },
    async statements(reader, filter, { target, person, limit }) {
      if (Object.values(filter).every(wanted => wanted === undefined || wanted === false || wanted === ''))
        throw new Fault('input.invalid', 'There is nothing to search for.', {
          next: 'Give a word, an object or a verb, or ask for writes or refusals.',
        })
      const scope = within(this.list(reader), { target, person })
      await log(
        'recording.searched',
        reader.person,
        'read',
        { sessions: scope.length },
        { text: JSON.stringify(filter) },
      )
      const matches: StatementMatch[] = []
      for (const session of scope) {
        for await (const statement of statementsOf(readActions(sessions, session.id))) {
          if (!matchesFilter(statement, filter)) continue
          if (matches.length === limit) return { matches, more: true }
          matches.push({ session: session.id, statement })
        }
      }
      return { matches, more: false }
    },
  }
}

function within(
  all: readonly SessionRecord[],
  { target, person }: { readonly target: string | undefined; readonly person: string | undefined },
): readonly SessionRecord[] {
  return all.filter(
    session =>
      (target === undefined || session.target === target) &&
      (person === undefined || session.person === person),
  )
}
