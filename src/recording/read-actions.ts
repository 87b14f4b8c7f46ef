import { isFault } from '../kernel/faults.ts'
import type { JsonObject, JsonValue } from '../kernel/json.ts'
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
  for (const position of [...sessions.index.positions(session)]) {
    const { index, t, type, outcome, data } = await sessions.read(position)
    const entry = { index, t, type, data, ...(outcome !== undefined && { outcome }) }
    try {
      const payload = await sessions.payload(position)
      if (type === 'part') {
        parts.push({ ...(data as unknown as Part), text: (payload as { text: string }).text })
        continue
      }
      yield payload === undefined ? entry : { ...entry, payload: joinPayload(parts, payload) }
      parts = []
    } catch (error) {
      if (!isFault(error, 'evidence.erased')) throw error
      yield { ...entry, erased: true }
    }
  }
}
