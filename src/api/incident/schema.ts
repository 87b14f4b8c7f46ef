import { z } from '@hono/zod-openapi'

const name = z.string().min(1).max(64)

export const incident = z
  .object({
    id: z.string().openapi({ example: 'i_0198c7f2-…' }),
    title: z.string(),
    source: z.string(),
    trust: z.enum(['signed', 'fetched', 'unsigned', 'self']),
    status: z.enum(['open', 'mitigated', 'resolved']),
    severity: z.int().min(1).max(5).describe('1 is worst.'),
    services: z.array(z.string()),
    environments: z.array(z.string()),
    responders: z.array(
      z.object({
        person: z.string().describe('Handle.'),
        role: z.string(),
        state: z.enum(['assigned', 'accepted', 'declined']),
      }),
    ),
    declared_by: z.string().describe('Handle, `machine` or `unknown`.'),
    opened_at: z.int().describe('Milliseconds since 1970, UTC; so are the other times.'),
    updated_at: z.int(),
    seen_at: z.int(),
    drill: z.boolean(),
    url: z.string().optional(),
  })
  .openapi('Incident')

export const declaration = z
  .strictObject({
    title: z.string().min(1).max(500),
    severity: z.int().min(1).max(5),
    services: z.array(name).min(1).max(32),
    environments: z.array(name).max(32).optional(),
    drill: z.boolean().optional(),
  })
  .openapi('Declaration')

export const outcomes = z
  .object({
    incidents: z.array(
      z.object({ id: z.string(), effect: z.enum(['recorded', 'changed', 'resolved', 'unchanged']) }),
    ),
  })
  .openapi('Received')
