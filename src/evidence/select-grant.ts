import type { Grant } from '../grant/grant.ts'
import { isMove, MOVES, TERMINAL } from '../grant/states.ts'
import type { Entry, Log } from '../ledger/log.ts'
import type { SessionLog } from '../recording/session-log.ts'
import { partOfSessions } from './select-session.ts'
import type { Selection } from './selection.ts'

/**
 * Every entry of the control log from the request to the event after which nothing can come, so that none about the grant can
 * be left out; of what they sealed only what is about it. And all its sessions.
 */
export async function selectGrant(grant: Grant, control: Log, sessions: SessionLog): Promise<Selection> {
  const own = [...sessions.index.all()].filter(one => one.grant === grant.id).map(({ id }) => id)
  const end = await lastOf(grant.id, control, grant.entry)
  return {
    subject: { kind: 'grant', grant: grant.id },
    parts: [
      {
        folder: 'control',
        log: control,
        until: end + 1,
        entries: size => control.entries(grant.entry, Math.min(end + 1, size)),
        opens: entry => isAbout(entry, grant, own),
      },
      ...(own.length > 0 ? [partOfSessions(sessions, own)] : []),
    ],
    procedures: [grant.terms.digest],
  }
}

function isAbout({ data }: Entry, grant: Grant, sessions: readonly string[]): boolean {
  if (data['grant'] === grant.id) return true
  if (grant.incident !== undefined && data['incident'] === grant.incident) return true
  return typeof data['session'] === 'string' && sessions.includes(data['session'])
}

/** Index of the event that ends its life; of the newest signed entry while it has none. */
async function lastOf(id: string, control: Log, from: number): Promise<number> {
  const { size } = control.head()
  for await (const { index, type, data } of control.entries(from, size)) {
    if (data['grant'] === id && isMove(type) && TERMINAL.includes(MOVES[type].to)) return index
  }
  return size - 1
}
