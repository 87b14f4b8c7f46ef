import type { Call, Define } from '../call.ts'
import { reviewId } from '../review-id.ts'

interface Options {
  readonly verdict: string
  readonly necessary: string
  readonly text: string
}

export const reviewComplete: Define = (command, run) => {
  command
    .argument('<review>', 'the review, or the last characters of its id')
    .requiredOption('-v, --verdict <verdict>', 'warranted, not_warranted, misuse or drill')
    .requiredOption('-n, --necessary <which>', 'were the actions necessary: all, not_all or none')
    .requiredOption('-t, --text <text>', 'what you found, for the record')
    .action(run(completeReview))
}

async function completeReview(
  call: Call,
  typed: string,
  { verdict, necessary, text }: Options,
): Promise<void> {
  const client = call.client()
  const id = await reviewId(client, typed)
  await client.post(`/v1/reviews/${id}/complete`, { verdict, necessary, text })
  call.answer({ review: id, done: true }, () => ['Signed into the log; the grant is closed.'])
}
