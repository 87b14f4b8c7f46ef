import { z } from '@hono/zod-openapi'
import { TEXT_LIMIT } from '../../review/decide.ts'
import { NECESSITIES, VERDICTS } from '../../review/review.ts'

const verdict = z.enum(VERDICTS).describe('Was breaking the glass warranted; or was it a drill, or misuse?')
const necessary = z.enum(NECESSITIES).describe('Were the actions necessary?')
const time = z.int().describe('Milliseconds since 1970, UTC.')

export const review = z
  .object({
    id: z.string().openapi({ example: 'r_0198c7f2-…' }),
    grant: z.string(),
    requester: z.string().describe('Handle.'),
    target: z.string(),
    procedure: z.string(),
    incident: z.string().optional(),
    state: z.enum(['owed', 'open', 'completed']),
    ended_at: time.optional(),
    due_at: time.optional(),
    overdue: z.boolean(),
    yours: z.boolean().describe('Whether you may answer it.'),
    completed: z
      .object({
        verdict,
        necessary,
        by: z.string().describe('Handle.'),
        at: time,
        text: z.string().optional(),
      })
      .optional(),
  })
  .openapi('Review')

export const answers = z
  .strictObject({ verdict, necessary, text: z.string().min(1).max(TEXT_LIMIT) })
  .openapi('Answers')
