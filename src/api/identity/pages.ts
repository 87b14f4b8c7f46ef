import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { sha256Hex } from '../../kernel/bytes.ts'
import type { AnonymousRoute } from '../anonymous.ts'
import type { ApiEnv } from '../env.ts'
import { newRouter } from '../router.ts'

/** One document serves them all; its script looks at the path. */
const DOCUMENTS = ['/sign-in', '/enrol', '/step-up', '/login']

/** The same from `src/api/identity` and from `dist/api/identity`. */
const FOLDER = fileURLToPath(new URL('../../../web/sign-in/', import.meta.url))

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

const served = readdirSync(FOLDER).filter(name => extname(name) in TYPES && name !== 'index.html')

export const pagesAnonymous: readonly AnonymousRoute[] = [
  ...DOCUMENTS,
  ...served.map(name => `/sign-in/${name}`),
].map(path => ({ method: 'GET', path }))

/** The sign-in page: static files, read once, known by name; no path of a request reaches the disk. */
export function pageRoutes(): OpenAPIHono<ApiEnv> {
  const routes = newRouter()
  const serve = (path: string, name: string): void => {
    const bytes = readFileSync(FOLDER + name)
    const etag = `"${sha256Hex(bytes).slice(0, 32)}"`
    const headers = { 'content-type': TYPES[extname(name)] ?? '', 'cache-control': 'no-cache', etag }
    routes.get(path, c =>
      c.req.header('if-none-match') === etag
        ? c.body(null, 304, { etag })
        : c.body(new Uint8Array(bytes), 200, headers),
    )
  }
  for (const path of DOCUMENTS) serve(path, 'index.html')
  for (const name of served) serve(`/sign-in/${name}`, name)
  return routes
}
