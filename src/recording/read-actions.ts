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
  let parts: Part[] = []
  const span = sessions.index.span(session)
  if (span === undefined) return
  for await (const stored of sessions.log.entriesOf(session, span.first, span.last + 1)) {
    const { index, t, type, outcome, data } = stored
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
    parts = []
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
