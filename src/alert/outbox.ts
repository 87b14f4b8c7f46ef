import type { JournalEvent, Slice } from '../journal/slice.ts'
import type { Lane } from './alert.ts'
import { isSecurity } from './alertable.ts'
import { evolve } from './evolve.ts'

/** What is still to be delivered, folded from the log itself: no cursor is stored that could disagree with it. */
export const outbox: Slice<Lane> = {
  name: 'outbox',
  keys: laneKeys,
  evolve,
  hot: lane => lane.due.length > 0,
}

/** A settlement touches the lane of its alert; the announcement of a dead one is a lane of its own. */
function laneKeys(event: JournalEvent): readonly string[] {
  const { type, data, id } = event
  if (type === 'alert.dead') return data.announce === true ? [data.lane as string, id] : [data.lane as string]
  if (type === 'alert.delivered' || type === 'alert.dropped') return [data.lane as string]
  if (typeof data.grant === 'string') return [data.grant]
  return isSecurity(event) ? [id] : []
}
