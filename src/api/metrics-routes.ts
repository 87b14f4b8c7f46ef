import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppDeps } from './deps.ts'
import type { ApiEnv } from './env.ts'
import { newRouter } from './router.ts'

/** For everybody who is signed in, programs included: Prometheus sends a token of its own as `authorization`. */
export function metricsRoutes({ metrics }: Pick<AppDeps, 'metrics'>): OpenAPIHono<ApiEnv> {
  const app = newRouter()
  app.get('/metrics', async c =>
    c.body(await metrics.text(), 200, { 'content-type': metrics.type, 'cache-control': 'no-store' }),
  )
  return app
}
