import { OpenAPIHono } from '@hono/zod-openapi'
import { Fault } from '../kernel/faults.ts'
import type { ApiEnv } from './env.ts'

/** A group of routes: whatever its schemas refuse becomes the fault `input.invalid` that names the field. */
export function newRouter(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: result => {
      if (result.success) return
      const [first] = result.error.issues
      const field = first?.path.map(String).join('.')
      throw new Fault(
        'input.invalid',
        `${field === undefined || field === '' ? 'The request' : field}: ${first?.message ?? 'is not valid'}`,
        {
          next: 'Correct it and send it again; /v1/openapi.json describes each field.',
          facts: {
            problems: result.error.issues.map(({ path, message }) => ({
              path: path.map(String).join('.'),
              message,
            })),
          },
        },
      )
    },
  })
}
