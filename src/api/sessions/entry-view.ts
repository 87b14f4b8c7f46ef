import { z } from '@hono/zod-openapi'
import type { RecordedEntry } from '../../recording/read-actions.ts'
import { time, utc } from '../answers.ts'

export const entrySchema = z
  .object({
    index: z.int().describe('Position in the session log.'),
    at: time,
    type: z.string(),
    outcome: z.string().optional(),
    data: z.record(z.string(), z.unknown()),
    content: z.unknown().optional().describe('What was sealed.'),
    erased: z.literal(true).optional(),
  })
  .openapi('RecordedEntry')

export function entryView({
  index,
  t,
  type,
  outcome,
  data,
  payload,
  erased,
}: RecordedEntry): z.infer<typeof entrySchema> {
  return {
    index,
    at: utc(t),
    type,
    ...(outcome !== undefined && { outcome }),
    data: { ...data },
    ...(payload !== undefined && { content: payload }),
    ...(erased && { erased }),
  }
}
