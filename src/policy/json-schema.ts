import { z } from 'zod'
import { procedureSchema } from './schema.ts'
import { procedureTestSchema } from './test-schema.ts'

/**
 * The JSON Schemas (draft 7, which editors know best) of what a person writes, by the file of `schema/` that publishes
 * them. Their test writes and compares them.
 */
export function jsonSchemas(): Readonly<Record<string, object>> {
  return {
    'procedure.schema.json': z.toJSONSchema(procedureSchema, { io: 'input', target: 'draft-7' }),
    'procedure-test.schema.json': z.toJSONSchema(procedureTestSchema, { io: 'input', target: 'draft-7' }),
  }
}
