import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import { includes, nameOf } from '../grant/people.ts'
import type { NewEvent } from '../journal/slice.ts'
import { isOverdue, NECESSITIES, type Necessity, type Review, type Verdict, VERDICTS } from './review.ts'

/** The facts about a reviewer that decide; a VerifiedPrincipal has them. */
export interface Reviewer {
  readonly person: PersonId
  readonly handle: string
  readonly groups: readonly string[]
  readonly kind: 'session' | 'cli' | 'api'
}

export interface Answers {
  readonly verdict: Verdict
  readonly necessary: Necessity
  /** What the reviewer found; sealed. */
  readonly text: string
}

export const TEXT_LIMIT = 8_000

/** Opens the review that an ended grant owes; nothing when it is open already. Pure. */
export function open(review: Review | undefined): readonly NewEvent[] {
  if (review?.state !== 'owed' || review.dueAt === undefined) return []
  return [event(review, 'review.opened', { due_at: review.dueAt })]
}

/** Logs once that a review is overdue. Pure. */
export function noteOverdue(review: Review | undefined, now: number): readonly NewEvent[] {
  if (review?.state !== 'open' || review.overdueLogged || !isOverdue(review, now)) return []
  return [event(review, 'review.overdue', { due_at: review.dueAt ?? now })]
}

/** Why this person may not answer this review; undefined when they may. Pure (requirements 6, 7, 10, 24). */
export function objection(review: Review, by: Reviewer): Fault | undefined {
  if (by.person === review.requester)
    return new Fault('grant.own', 'This is the review of your own grant; somebody else answers it.', {
      next: 'Ask one of the reviewers that the procedure names.',
    })
  if (!includes(review.terms.from, by))
    return new Fault('forbidden', `You are not among the reviewers of ${review.procedure}.`, {
      next: `${nameOf(review.terms.from)} may answer it.`,
    })
  if (by.kind === 'api')
    return new Fault('forbidden', 'A program may not answer a review.', {
      next: 'Sign in and answer it yourself.',
    })
  return undefined
}

/** The answers, and with them the end of the grant: two events, or a fault. Pure. */
export function complete(review: Review, by: Reviewer, answers: Answers): readonly NewEvent[] | Fault {
  const refused = objection(review, by) ?? malformed(answers)
  if (refused) return refused
  if (review.state !== 'open')
    return new Fault('grant.state', `The review is ${SAID[review.state]}.`, { next: NEXT[review.state] })
  const { verdict, necessary, text } = answers
  return [
    {
      ...event(review, 'review.completed', { verdict, necessary, by: by.person }),
      payload: { text: text.trim() },
      // The text is about the requester: what erases the person erases it.
      seal: review.requester,
    },
    { type: 'grant.closed', subject: review.requester, target: review.target, data: { grant: review.grant } },
  ]
}

/** Logged when somebody tries who may not (attack 4). */
export function refusal(review: Review, by: Reviewer, why: Fault): NewEvent {
  return {
    type: 'attempt.refused',
    subject: by.person,
    outcome: 'refused',
    data: { grant: review.grant, review: review.id, act: 'review', why: why.code },
  }
}

const SAID = {
  none: 'not open: the grant has not ended',
  owed: 'about to open',
  completed: 'completed already',
} as const
const NEXT = {
  none: 'Wait until the grant has ended.',
  owed: 'Try again in a moment.',
  completed: 'Read it with `breakglass review show`.',
} as const

function malformed({ verdict, necessary, text }: Answers): Fault | undefined {
  if (!VERDICTS.includes(verdict)) return wanted(`a verdict: ${VERDICTS.join(', ')}`)
  if (!NECESSITIES.includes(necessary))
    return wanted(`whether the actions were necessary: ${NECESSITIES.join(', ')}`)
  if (text.trim() === '') return wanted('a sentence on what was found')
  if (text.length > TEXT_LIMIT) return wanted(`a text of at most ${TEXT_LIMIT} characters`)
  return undefined
}

function wanted(what: string): Fault {
  return new Fault('input.invalid', `A review needs ${what}.`, { next: 'Add it and send the review again.' })
}

function event(review: Review, type: string, data: Readonly<Record<string, string | number>>): NewEvent {
  return {
    type,
    subject: review.requester,
    target: review.target,
    data: { review: review.id, grant: review.grant, ...data },
  }
}
