import type { OpenAPIHono } from '@hono/zod-openapi'
import { bodyLimit } from 'hono/body-limit'
import { Fault } from '../kernel/faults.ts'
import { type AnonymousRoute, anonymousRoutes } from './anonymous.ts'
import { authenticate, type Authenticator } from './authenticate.ts'
import type { ApiEnv } from './env.ts'
import { faultOf, problemResponse } from './problem.ts'
import { newRouter } from './router.ts'
import { securityHeaders } from './security-headers.ts'

export const BODY_LIMIT = 1024 * 1024

export interface ShellOptions {
  readonly identity: Authenticator
  /** Where our own pages come from; the first is the public one. */
  readonly origins: readonly [string, ...string[]]
  /** The only routes that answer without a principal. */
  readonly anonymous: readonly AnonymousRoute[]
  /** The only routes that answer a program's token. */
  readonly programs: readonly AnonymousRoute[]
  // oxlint-disable-next-line typescript/no-explicit-any -- groups of routes carry their own environments
  readonly routes: readonly OpenAPIHono<any>[]
  readonly version: string
  /** Hears of what nobody foresaw; the client gets no word of it. */
  readonly onInternal: (cause: unknown, at: string) => void
}

/**
 * What holds for every route, in this order: headers out, size, who. Routes are mounted behind it, so that none can be
 * reached around it.
 */
export function createShell({
  identity,
  origins,
  anonymous,
  programs,
  routes,
  version,
  onInternal,
}: ShellOptions): OpenAPIHono<ApiEnv> {
  const app = newRouter()
  const [publicOrigin] = origins
  app.onError((error, c) => {
    const fault = faultOf(error)
    if (fault.code === 'internal') onInternal(fault.cause ?? fault, `${c.req.method} ${c.req.routePath}`)
    return problemResponse(fault)
  })
  app.notFound(() =>
    problemResponse(
      new Fault('not_found', 'There is nothing at this address.', {
        next: 'See /v1/openapi.json for what there is.',
      }),
    ),
  )
  app.use('*', securityHeaders(publicOrigin.startsWith('https:')))
  app.use(
    '*',
    bodyLimit({
      maxSize: BODY_LIMIT,
      onError: () => {
        throw new Fault('input.too_large', 'The body is larger than 1 MiB.', { next: 'Send less.' })
      },
    }),
  )
  app.use(
    '*',
    authenticate({
      identity,
      origins,
      isAnonymous: anonymousRoutes([...anonymous, { method: 'GET', path: '/v1/openapi.json' }]),
      isForPrograms: anonymousRoutes(programs),
    }),
  )
  for (const group of routes) app.route('/', group)
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  app.openAPIRegistry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: 'breakglass',
  })
  app.doc31('/v1/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'breakglass',
      version,
      description: 'Emergency access to production. Errors are problem+json (RFC 9457).',
    },
    servers: [{ url: publicOrigin }],
    security: [{ token: [] }, { cookie: [] }],
  })
  return app
}
