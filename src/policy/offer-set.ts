import type { Decision } from '../journal/journal.ts'
import type { View } from '../journal/slice.ts'
import type { PersonId } from '../kernel/ids.ts'
import { ACCEPTANCE, procedureSets } from './acceptance.ts'

/**
 * A valid set was read from the folder. Pure. Its bytes must be kept (`keepSet`) before this is logged, as the digest is all
 * the log holds. `by` is absent at start. No event when nothing changes, so that restarts do not fill the log.
 */
export function offerSet(state: View, digest: string, by?: PersonId): Decision<void> {
  const known = state.get(procedureSets, ACCEPTANCE)
  const current = known?.offer?.digest ?? known?.inForce
  if (current === digest) return { events: [], result: undefined }
  const data = by === undefined ? { digest } : { digest, by }
  return { events: [{ type: 'procedures.loaded', data }], result: undefined }
}
