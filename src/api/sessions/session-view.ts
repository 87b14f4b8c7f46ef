import { z } from '@hono/zod-openapi'
import type { PersonId } from '../../kernel/ids.ts'
import type { SessionRecord } from '../../recording/session-index.ts'
import { time, utc } from '../answers.ts'
import type { AppDeps } from '../deps.ts'

export const sessionSchema = z
  .object({
    id: z.string(),
    grant: z.string(),
    person: z.string().describe('Handle.'),
    target: z.string(),
    protocol: z.string(),
    scope: z.string(),
    opened_at: time,
    closed_at: time.optional(),
    reason: z.string().optional(),
    actions: z.int(),
    refused: z.int(),
    writes: z.int().describe('Actions that may have changed rows or state.'),
    rows: z.int(),
    changed: z.int().describe('Of the rows, those changed, as the target counted them.'),
    bytes: z.int(),
  })
  .openapi('Session')

export function sessionView(
  { id, grant, person, target, protocol, scope, openedAt, closedAt, reason, ...totals }: SessionRecord,
  identity: AppDeps['identity'],
): z.infer<typeof sessionSchema> {
  return {
    id,
    grant,
    person: identity.handleOf(person as PersonId) ?? person,
    target,
    protocol,
    scope,
    opened_at: utc(openedAt),
    ...(closedAt !== undefined && { closed_at: utc(closedAt) }),
    ...(reason !== undefined && { reason }),
    ...totals,
  }
}
