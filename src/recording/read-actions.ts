import { isFault } from '../kernel/faults.ts'
import type { JsonObject, JsonValue } from '../kernel/json.ts'
import { itemsOf } from './batch.ts'
import type { SessionLog } from './session-log.ts'
import { joinPayload, type Part } from './split-payload.ts'

/** One entry of a session as its readers see it. */
export interface RecordedEntry {
  readonly index: number
  /** Wall ms. */
  readonly t: number
  readonly type: string
  readonly outcome?: string
  readonly data: JsonObject
  /** What was sealed; absent when there was nothing, `erased` when its key was destroyed. */
  readonly payload?: JsonValue
  readonly erased?: true
}

/**
 * All entries of a session in order. Only `recordings.ts` calls this, after it has recorded who reads: reading a
 * recording is itself an event (requirement 19).
 */
export async function* readActions(sessions: SessionLog, session: string): AsyncGenerator<RecordedEntry> {
  const span = sessions.index.span(session)
  if (span !== undefined) yield* between(sessions, session, span.first, span.last + 1, [])
}

/**
 * The same, and then what comes, as it becomes durable, until the session is closed or the signal aborts. Reads the log at the pace
 * of whoever asks: nothing is held for a slow one, and writers know of none. Called as `readActions` is.
 */
export async function* followActions(
  sessions: SessionLog,
  session: string,
  signal: AbortSignal,
): AsyncGenerator<RecordedEntry> {
  const { index } = sessions
  const parts: Part[] = []
  let wake = (): void => undefined
  const stop = index.listen(session, () => wake())
  const aborted = (): void => wake()
  signal.addEventListener('abort', aborted)
  try {
    for (let last = -1; !signal.aborted; ) {
      const span = index.span(session)
      if (span === undefined) return
      if (span.last > last) {
        yield* between(sessions, session, Math.max(span.first, last), span.last + 1, parts, last)
        last = span.last
      } else if (index.get(session)?.closedAt !== undefined) return
      else
        await new Promise<void>(resolve => {
          wake = resolve
        })
    }
  } finally {
    stop()
    signal.removeEventListener('abort', aborted)
  }
}

/**
 * Entries from index `from` up to, not including, `to`; the one at `told` is read again and left out, so that what follows it is
 * seen to follow it. `parts`: of an entry that is still to come; belongs to whoever reads on.
 */
async function* between(
  sessions: SessionLog,
  session: string,
  from: number,
  to: number,
  parts: Part[],
  told = -1,
): AsyncGenerator<RecordedEntry> {
  for await (const stored of sessions.log.entriesOf(session, from, to)) {
    const { index, t, type, outcome, data } = stored
    if (index === told) continue
    const sealed = await open(sessions, index)
    if (type === 'part') {
      if (!sealed.erased)
        parts.push({ ...(data as unknown as Part), text: (sealed.payload as { text: string }).text })
      continue
    }
    if (type === 'batch') {
      for (const item of itemsOf(data, sealed.payload))
        yield { index, ...item, ...(sealed.erased && { erased: true }) }
      continue
    }
    const payload = sealed.payload === undefined ? undefined : joinPayload(parts, sealed.payload)
    parts.length = 0
    yield {
      index,
      t,
      type,
      data,
      ...(outcome !== undefined && { outcome }),
      ...(payload !== undefined && { payload }),
      ...(sealed.erased && { erased: true }),
    }
  }
}

async function open(sessions: SessionLog, position: number): Promise<{ payload?: JsonValue; erased?: true }> {
  try {
    const payload = await sessions.payload(position)
    return payload === undefined ? {} : { payload }
  } catch (error) {
    if (isFault(error, 'evidence.erased')) return { erased: true }
    throw error
  }
}
