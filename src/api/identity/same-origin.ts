import { createMiddleware } from 'hono/factory'
import { checkSameOrigin } from '../credential.ts'
import type { ApiEnv } from '../env.ts'

/**
 * For anonymous routes that sign somebody in or use a link up: a browser must be on our own page, or a foreign page could
 * sign its visitor in as somebody else (attack 3). Programs send neither header and have no cookie to plant.
 */
export function sameOrigin(origins: readonly string[]) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { headers } = c.req.raw
    if (headers.has('origin') || headers.has('sec-fetch-site'))
      checkSameOrigin(c.req.method, headers, origins)
    return next()
  })
}
