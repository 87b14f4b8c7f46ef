import type { Instant } from '../kernel/clock.ts'
import type { Journal } from '../journal/journal.ts'
import { type Reactor, type ReactorOptions, startReactor } from '../journal/reactor.ts'
import type { View } from '../journal/slice.ts'
import { noteOverdue, open } from './decide.ts'
import { isOverdue, type Review } from './review.ts'
import { reviews } from './slice.ts'

/** Opens the review of every ended grant and notes what is overdue, each once, whatever is killed in between. */
export function keepReviews(journal: Journal, onError: ReactorOptions<Review>['onError']): Reactor {
  return startReactor({
    name: 'reviews',
    journal,
    due: reviewsDue,
    key: review => review.id,
    nextAt: nextDeadline,
    onError,
    async handle({ id }) {
      await journal.execute((state, now) => {
        const review = state.get(reviews, id)
        return { events: [...open(review), ...noteOverdue(review, now.wall)], result: undefined }
      })
    },
  })
}

/** Reviews that something must be logged about now. Pure. */
export function* reviewsDue(state: View, now: Instant): Generator<Review> {
  for (const review of state.hot(reviews))
    if (review.state === 'owed' || (!review.overdueLogged && isOverdue(review, now.wall))) yield review
}

/** Wall ms at which the next review becomes overdue, if one will. Pure. */
export function nextDeadline(state: View): number | undefined {
  let next: number | undefined
  for (const { dueAt, overdueLogged } of state.hot(reviews))
    if (dueAt !== undefined && !overdueLogged && (next === undefined || dueAt < next)) next = dueAt
  return next === undefined ? undefined : next + 1
}
