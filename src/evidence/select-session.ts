import type { Entry } from '../ledger/log.ts'
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
export function partOfSessions({ log, index }: SessionLog, ids: readonly string[]): SelectedPart {
  const entriesOf = (id: string, size: number): AsyncIterable<Entry> => {
    const { first, last } = index.span(id) ?? { first: 0, last: -1 }
    return log.entriesOf(id, first, Math.min(last + 1, size))
  }
  return {
    folder: 'sessions',
    log,
    until: Math.max(0, ...ids.map(id => (index.span(id)?.last ?? -1) + 1)),
    entries: size => inOrder(ids.map(id => entriesOf(id, size))),
    opens: () => true,
  }
}

/** Entries of several sources, each in order, as they stand in the log. Holds one of each source. */
async function* inOrder(sources: readonly AsyncIterable<Entry>[]): AsyncGenerator<Entry> {
  const heads: { entry: Entry; readonly rest: AsyncIterator<Entry> }[] = []
  for (const source of sources) {
    const rest = source[Symbol.asyncIterator]()
    const first = await rest.next()
    if (first.done !== true) heads.push({ entry: first.value, rest })
  }
  while (heads.length > 0) {
    const at = heads.reduce((least, { entry }, n) => (entry.index < indexOf(heads, least) ? n : least), 0)
    const head = heads[at] as (typeof heads)[number]
    yield head.entry
    const next = await head.rest.next()
    if (next.done === true) heads.splice(at, 1)
    else head.entry = next.value
  }
}

function indexOf(heads: readonly { readonly entry: Entry }[], at: number): number {
  return heads[at]?.entry.index ?? Number.POSITIVE_INFINITY
}
