import type { GrantId, IncidentId, PersonId } from '../kernel/ids.ts'
import type { JournalEvent } from '../journal/slice.ts'
import {
  type Necessity,
  type Review,
  reviewOf,
  type ReviewState,
  type ReviewTerms,
  type Verdict,
} from './review.ts'

/** From which state an event may move a review. Whatever is not listed leaves it as it is. */
const FROM: Readonly<Record<string, readonly ReviewState[]>> = {
  'grant.ended': ['none'],
  'review.opened': ['owed'],
  'review.overdue': ['open'],
  'review.completed': ['open'],
}

/** Pure. */
export function evolve(review: Review | undefined, event: JournalEvent): Review | undefined {
  if (!review) return event.type === 'grant.requested' ? expected(event) : undefined
  if (!FROM[event.type]?.includes(review.state)) return review
  const { data } = event
  switch (event.type) {
    case 'grant.ended':
      return { ...review, state: 'owed', endedAt: event.t, dueAt: event.t + review.terms.withinMs }
    case 'review.opened':
      return { ...review, state: 'open', dueAt: data.due_at as number }
    case 'review.overdue':
      return { ...review, overdueLogged: true }
    case 'review.completed':
      if (data.by === review.requester) return review
      return {
        ...review,
        state: 'completed',
        completed: {
          verdict: data.verdict as Verdict,
          necessary: data.necessary as Necessity,
          by: data.by as PersonId,
          at: event.t,
          entry: event.index,
        },
      }
    default:
      return review
  }
}

function expected({ data, subject }: JournalEvent): Review {
  const terms = data.terms as unknown as { readonly procedure: string; readonly review: ReviewTerms }
  return {
    id: reviewOf(data.grant as string),
    grant: data.grant as GrantId,
    requester: subject as PersonId,
    target: data.target as string,
    procedure: terms.procedure,
    ...(data.incident !== undefined && { incident: data.incident as IncidentId }),
    terms: terms.review,
    state: 'none',
    overdueLogged: false,
  }
}
