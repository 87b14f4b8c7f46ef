import { Fault, isFault } from '../kernel/faults.ts'
import type { Journal } from '../journal/journal.ts'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import { type Answers, complete, objection, refusal } from './decide.ts'
import { isOverdue, type Review } from './review.ts'
import { reviews } from './slice.ts'

export type Reviews = ReturnType<typeof createReviews>

/** `mayAudit`: whether a person may read reviews that are neither theirs to answer nor about them. */
export function createReviews(journal: Journal, mayAudit: (by: VerifiedPrincipal) => boolean) {
  return {
    complete: (by: VerifiedPrincipal, id: string, answers: Answers) =>
      completeReview(journal, by, id, answers),
    list: (by: VerifiedPrincipal) => listReviews(journal, by, mayAudit),
    get: (by: VerifiedPrincipal, id: string) => getReview(journal, by, id, mayAudit),
  }
}

/**
 * Signs the answers into the log and closes the grant. The reviewer is whoever's token spoke, never a field of the request
 * (attack 4); an attempt by somebody who may not is logged. Faults: `not_found`, `grant.own`, `forbidden`,
 * `input.invalid`, `grant.state`.
 */
async function completeReview(
  journal: Journal,
  by: VerifiedPrincipal,
  id: string,
  answers: Answers,
): Promise<void> {
  const { result } = await journal.execute<Fault | undefined>(state => {
    const review = state.get(reviews, id)
    if (!review) return unknown(id)
    const refused = objection(review, by)
    if (refused) return { events: [refusal(review, by, refused)], result: refused }
    const events = complete(review, by, answers)
    return events instanceof Fault ? events : { events, result: undefined }
  })
  if (result) throw result
}

export interface ReadableReview extends Review {
  readonly overdue: boolean
  /** Whether the person who reads it may answer it. */
  readonly yours: boolean
  /** Present once completed, unless its key was destroyed. */
  readonly text?: string
}

/** Newest end first: those this person may read. Reviews of grants that still run are not listed. */
function listReviews(
  journal: Journal,
  by: VerifiedPrincipal,
  mayAudit: (by: VerifiedPrincipal) => boolean,
): readonly ReadableReview[] {
  const all = mayAudit(by)
  return [...journal.state.all(reviews)]
    .filter(review => review.state !== 'none' && (all || mayRead(review, by)))
    .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
    .slice(0, 500)
    .map(review => readable(journal, review, by))
}

/** Faults: `not_found`, `forbidden`. */
async function getReview(
  journal: Journal,
  by: VerifiedPrincipal,
  id: string,
  mayAudit: (by: VerifiedPrincipal) => boolean,
): Promise<ReadableReview> {
  const review = journal.state.get(reviews, id)
  if (!review || review.state === 'none') throw unknown(id)
  if (!mayRead(review, by) && !mayAudit(by))
    throw new Fault('forbidden', 'This review is neither yours to answer nor about you.', {
      next: 'Ask somebody with the audit role.',
    })
  const found = readable(journal, review, by)
  if (!review.completed) return found
  const payload = await journal.payload(review.completed.entry).catch((error: unknown) => {
    if (isFault(error, 'evidence.erased')) return undefined
    throw error
  })
  if (typeof payload !== 'object' || payload === null || !('text' in payload)) return found
  return typeof payload.text === 'string' ? { ...found, text: payload.text } : found
}

function readable(journal: Journal, review: Review, by: VerifiedPrincipal): ReadableReview {
  const yours = review.state === 'open' && objection(review, by) === undefined
  return { ...review, overdue: isOverdue(review, journal.now().wall), yours }
}

function mayRead(review: Review, by: VerifiedPrincipal): boolean {
  return review.requester === by.person || objection(review, by) === undefined
}

function unknown(id: string): Fault {
  return new Fault('not_found', `There is no review ${id}.`, { next: 'List them with `breakglass reviews`.' })
}
