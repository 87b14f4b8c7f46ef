import type { Review } from '../client/answers.ts'
import type { Client } from '../client/client.ts'
import { fullId } from './names.ts'

export function reviewId(client: Client, typed: string): Promise<string> {
  return fullId(
    typed,
    'review',
    async () => (await client.get<{ reviews: readonly Review[] }>('/v1/reviews')).reviews,
  )
}
