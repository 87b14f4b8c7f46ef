import { createMiddleware } from 'hono/factory'
import type { ApiEnv } from './env.ts'

const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const ALWAYS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
}

/** On every answer, errors included. Answers are never stored by caches unless their route says so. */
export function securityHeaders(https: boolean) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    await next()
    const { headers } = c.res
    for (const [name, value] of Object.entries(ALWAYS)) headers.set(name, value)
    if (!headers.has('content-security-policy')) headers.set('content-security-policy', PAGE_POLICY)
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
    if (https) headers.set('strict-transport-security', 'max-age=31536000')
  })
}
