/** A route that answers somebody who is not signed in. `path` as in OpenAPI (`/v1/enrol/{secret}`) or as in Hono (`:secret`). */
export interface AnonymousRoute {
  readonly method: string
  readonly path: string
}

/** Tells anonymous routes from all others. Whatever is not on the list needs a principal: forgetting a route closes it. */
export function anonymousRoutes(
  routes: readonly AnonymousRoute[],
): (method: string, path: string) => boolean {
  const exact = new Set<string>()
  const patterns: { method: string; form: RegExp }[] = []
  for (const { method, path } of routes) {
    const upper = method.toUpperCase()
    if (!/[{:]/.test(path)) exact.add(`${upper} ${path}`)
    else patterns.push({ method: upper, form: formOf(path) })
  }
  return (asked, path) => {
    const method = asked === 'HEAD' ? 'GET' : asked
    return (
      exact.has(`${method} ${path}`) ||
      patterns.some(pattern => pattern.method === method && pattern.form.test(path))
    )
  }
}

function formOf(path: string): RegExp {
  const segments = path
    .split('/')
    .map(segment =>
      /^(\{.+\}|:.+)$/.test(segment) ? '[^/]+' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
  return new RegExp(`^${segments.join('/')}$`)
}
