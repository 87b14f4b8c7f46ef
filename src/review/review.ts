import type { GrantId, IncidentId, PersonId, ReviewId } from '../kernel/ids.ts'

export const VERDICTS = ['warranted', 'not_warranted', 'misuse', 'drill'] as const
export type Verdict = (typeof VERDICTS)[number]

/** Were the actions necessary? */
export const NECESSITIES = ['all', 'not_all', 'none'] as const
export type Necessity = (typeof NECESSITIES)[number]

/** `none`: the grant has not ended. `owed`: it has, and the review must be opened. */
export type ReviewState = 'none' | 'owed' | 'open' | 'completed'

/** What the procedure said about reviews when the grant was requested. Both lists empty: nobody may. */
export interface ReviewTerms {
  readonly from: { readonly people: readonly string[]; readonly groups: readonly string[] }
  readonly withinMs: number
  readonly overdue: 'refuse_new_requests' | 'alert'
}

/** Folded from events; leaf fields only. Times in wall ms UTC. */
export interface Review {
  readonly id: ReviewId
  readonly grant: GrantId
  readonly requester: PersonId
  readonly target: string
  readonly procedure: string
  readonly incident?: IncidentId
  readonly terms: ReviewTerms
  readonly state: ReviewState
  readonly endedAt?: number
  readonly dueAt?: number
  /** That it is overdue has been logged; whether it is, `isOverdue` tells from the time. */
  readonly overdueLogged: boolean
  readonly completed?: Completion
}

export interface Completion {
  readonly verdict: Verdict
  readonly necessary: Necessity
  readonly by: PersonId
  readonly at: number
  /** Index of the event whose payload holds the text. */
  readonly entry: number
}

/** A grant has exactly one review because the review's name follows from the grant's. */
export function reviewOf(grant: string): ReviewId {
  return `r_${grant.slice(2)}`
}

export function isOverdue(review: Review, now: number): boolean {
  return (
    (review.state === 'owed' || review.state === 'open') && review.dueAt !== undefined && now > review.dueAt
  )
}
