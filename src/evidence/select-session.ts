import type { SessionLog } from '../recording/session-log.ts'
import type { SelectedPart, Selection } from './selection.ts'

/** All entries of the session that are signed by now, with all it sealed. */
export function selectSession(sessions: SessionLog, session: string): Selection {
  return {
    subject: { kind: 'session', session },
    parts: [partOfSessions(sessions, [session])],
    procedures: [],
  }
}

/** The entries of some sessions, which lie among those of others. */
export function partOfSessions(sessions: SessionLog, ids: readonly string[]): SelectedPart {
  const { log, index } = sessions
  const wanted = new Set(ids)
  const positions = Float64Array.from(ids.flatMap(id => [...index.positions(id)])).sort()
  return {
    folder: 'sessions',
    log,
    positions,
    // A place that was taken and not written belongs to whoever came next.
    takes: ({ src }) => wanted.has(src),
    opens: () => true,
  }
}
