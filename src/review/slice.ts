import type { JournalEvent, Slice } from '../journal/slice.ts'
import { evolve } from './evolve.ts'
import { type Review, reviewOf } from './review.ts'

const TYPES: ReadonlySet<string> = new Set([
  'grant.requested',
  'grant.ended',
  'review.opened',
  'review.overdue',
  'review.completed',
])

/** All reviews by id, those of grants that still run included. Hot: owed or open. */
export const reviews: Slice<Review> = {
  name: 'reviews',
  keys: (event: JournalEvent) =>
    TYPES.has(event.type) && typeof event.data.grant === 'string' ? [reviewOf(event.data.grant)] : [],
  evolve,
  hot: review => review.state === 'owed' || review.state === 'open',
}
