import type { PersonId } from '../kernel/ids.ts'
import type { View } from '../journal/slice.ts'
import { isOverdue, type Review } from './review.ts'
import { reviews } from './slice.ts'

/**
 * The overdue reviews of this person's grants whose procedure then refuses new requests (requirement 24). Empty: none. Pure;
 * `now`: wall ms. It looks at the time and not at `review.overdue`, so a late reactor opens no gap.
 */
export function overdueFor(state: View, person: PersonId, now: number): readonly Review[] {
  return [...state.hot(reviews)].filter(
    review =>
      review.requester === person && review.terms.overdue === 'refuse_new_requests' && isOverdue(review, now),
  )
}
