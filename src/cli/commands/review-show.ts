import type { Review, Session } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { reviewId } from '../review-id.ts'
import { sessionTable } from '../session-lines.ts'
import { fields } from '../table.ts'
import { clock } from '../times.ts'

export const reviewShow: Define = (command, run) => {
  command.argument('<review>', 'the review, or the last characters of its id').action(run(showReview))
}

async function showReview(call: Call, typed: string): Promise<void> {
  const client = call.client()
  const review = await client.get<Review>(`/v1/reviews/${await reviewId(client, typed)}`)
  const { sessions } = await client.get<{ sessions: readonly Session[] }>('/v1/sessions', {
    grant: review.grant,
  })
  const { completed } = review
  call.answer({ ...review, sessions }, () => [
    ...fields([
      ['review', review.id],
      ['grant', review.grant],
      ['who', review.requester],
      ['target', review.target],
      ['procedure', review.procedure],
      ['incident', review.incident],
      ['ended', review.ended_at === undefined ? undefined : clock(review.ended_at)],
      [
        'due',
        review.due_at === undefined
          ? undefined
          : `${clock(review.due_at)}${review.overdue ? ', overdue' : ''}`,
      ],
      [
        'verdict',
        completed &&
          `${completed.verdict}, actions necessary: ${completed.necessary}, by ${completed.by} at ${clock(completed.at)}`,
      ],
      ['text', completed?.text],
    ]),
    '',
    ...sessionTable(sessions, call.terminal),
    ...(review.yours && review.state !== 'completed'
      ? [
          '',
          'Read each with `breakglass statements SESSION` (--writes: what changed; `replay` has the answers too),',
          'then `breakglass review complete`.',
        ]
      : []),
  ])
}
