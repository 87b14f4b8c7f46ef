import { newId, type PersonId } from '../kernel/ids.ts'
import type { NewEvent } from '../journal/slice.ts'
import type { Reviewer } from './decide.ts'
import type { ReviewTerms } from './review.ts'

export const TERMS: ReviewTerms = {
  from: { people: ['priya'], groups: ['security'] },
  withinMs: 48 * 3_600_000,
  overdue: 'refuse_new_requests',
}

/** The life of a grant until its end, as grants log it and reviews read it. */
export function lifeOf(
  grant: string,
  requester: PersonId = 'p_ana',
  terms: ReviewTerms = TERMS,
): readonly NewEvent[] {
  const event = (type: string, data: NewEvent['data'] = {}): NewEvent => ({
    type,
    subject: requester,
    target: 'orders-db',
    data: { grant, ...data },
  })
  return [
    event('grant.requested', {
      target: 'orders-db',
      terms: { procedure: 'orders-db-emergency', review: { ...terms, from: { ...terms.from } } },
    }),
    event('grant.activated'),
    event('grant.ended', { reason: 'completed' }),
  ]
}

export function reviewer(handle: string, more: Partial<Reviewer> = {}): Reviewer {
  return { person: `p_${handle}`, handle, groups: [], kind: 'session', ...more }
}

export const newGrant = (): string => newId('grant')

export const ANSWERS = { verdict: 'warranted', necessary: 'all', text: 'The index was gone.' } as const
