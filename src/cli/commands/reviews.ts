import type { Review } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { short } from '../names.ts'
import { table } from '../table.ts'
import { clock } from '../times.ts'

export const reviews: Define = (command, run) => {
  command.option('-a, --all', 'completed ones as well').action(run(listReviews))
}

async function listReviews(call: Call, { all }: { readonly all?: boolean }): Promise<void> {
  const answer = await call
    .client()
    .get<{ reviews: readonly Review[] }>('/v1/reviews', { state: all ? undefined : 'open' })
  call.answer(answer, () => {
    if (answer.reviews.length === 0) return ['No reviews.']
    const rows = answer.reviews.map(review => [
      short(review.id),
      review.requester,
      review.target,
      review.due_at === undefined ? '' : clock(review.due_at),
      review.completed?.verdict ?? (review.overdue ? 'overdue' : 'open'),
      review.yours && review.state !== 'completed' ? 'yours to answer' : '',
    ])
    return table(['REVIEW', 'WHO', 'TARGET', 'DUE', 'STATE', ''], rows, call.terminal.columns)
  })
}
