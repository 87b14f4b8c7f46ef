import { z } from '@hono/zod-openapi'
import { Fault } from '../kernel/faults.ts'
import { type IdKind, isId } from '../kernel/ids.ts'
import { PROBLEM_TYPE } from './problem.ts'

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    next: z.string().optional(),
    facts: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi('Problem')

/** A JSON body, for `request.body` and responses. */
export function json<S extends z.ZodType>(schema: S) {
  return { 'application/json': { schema } }
}

/** The answer of a route together with what any of them may answer instead. */
export function answers<S extends z.ZodType>(description: string, schema: S) {
  return {
    200: { description, content: json(schema) },
    default: {
      description: 'A refusal or failure, RFC 9457.',
      content: { [PROBLEM_TYPE]: { schema: problemSchema } },
    },
  }
}

export const done = answers('Done.', z.object({ done: z.literal(true) }))
export const DONE = { done: true } as const

/** The path parameter `id`, of one kind only: an id of another kind is not found, whoever asks (requirement 16). */
export function idParam(kind: IdKind, example: string) {
  return z.object({
    id: z
      .string()
      .max(60)
      .openapi({ param: { name: 'id', in: 'path' }, example: `${example} (${kind})` }),
  })
}

export function idOf(kind: IdKind, text: string): string {
  if (isId(kind, text)) return text
  throw new Fault('not_found', `${JSON.stringify(text.slice(0, 60))} is not the id of a ${kind}.`, {
    next: `Ids of a ${kind} come from its list.`,
  })
}

/** UTC, RFC 3339. */
export function utc(wallMs: number): string {
  return new Date(wallMs).toISOString()
}

export const time = z.iso.datetime().describe('UTC.')
