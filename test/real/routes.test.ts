/** Attack 11: the same conditions on every credential path. Every route of the running server, by every way to ask it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ANONYMOUS, PROGRAMS } from '../../src/api/app.ts'
import { anonymousRoutes } from '../../src/api/anonymous.ts'
import { missing } from './servers/missing.ts'
import { PASSWORD, startWorld, type World } from './world.ts'

interface Route {
  readonly method: string
  /** As OpenAPI writes it. */
  readonly template: string
  /** With ids that name nothing. */
  readonly path: string
}

const NOTHING: Readonly<Record<string, string>> = {
  '/v1/grants/': 'g_01890000-0000-7000-8000-000000000000',
  '/v1/sessions/': 's_01890000-0000-7000-8000-000000000000',
  '/v1/reviews/': 'r_01890000-0000-7000-8000-000000000000',
  '/v1/incidents/': 'i_01890000-0000-7000-8000-000000000000',
  '/v1/locks/': 'l_01890000-0000-7000-8000-000000000000',
}

describe.skipIf(missing('postgres15').length > 0)('every route of the server', () => {
  let world: World
  let routes: readonly Route[]
  let url: string
  const isAnonymous = anonymousRoutes(ANONYMOUS)
  const isForPrograms = anonymousRoutes(PROGRAMS)

  beforeAll(async () => {
    world = await startWorld({ config: text => `${text}alerts_single_channel: true\n` })
    url = world.server.url
    const description = (await (await fetch(`${url}/v1/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    const described = Object.entries(description.paths).flatMap(([template, methods]) =>
      Object.keys(methods).map(method => ({
        method: method.toUpperCase(),
        template,
        path: filled(template),
      })),
    )
    const plain = ['/v1/live', '/ledger/control/checkpoint', '/ledger/control/tile/0/000.p/1'].map(path => ({
      method: 'GET',
      template: path,
      path,
    }))
    routes = [...described, ...plain]
  })
  afterAll(() => world.close())

  function filled(template: string): string {
    const [, id = 'nothing'] = Object.entries(NOTHING).find(([start]) => template.startsWith(start)) ?? []
    return template.replaceAll(/\{[^}]+\}/g, id)
  }

  async function ask(
    { method, path }: Route,
    headers: Record<string, string>,
  ): Promise<{ status: number; code: string | undefined }> {
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: '{}' }
    const response = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...body,
      redirect: 'manual',
    })
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      await response.body?.cancel()
      return { status: response.status, code: undefined }
    }
    const text = await response.text()
    return {
      status: response.status,
      code: response.ok ? undefined : (JSON.parse(text) as { code: string }).code,
    }
  }

  const session = async (handle: string): Promise<string> => {
    const response = await fetch(`${url}/v1/signin/password`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ handle, password: PASSWORD, code: world.code(handle) }),
    })
    return response.headers.get('set-cookie')?.split(';')[0] ?? ''
  }

  it('is more than a handful, and the exceptions are few', () => {
    expect(routes.length).toBeGreaterThan(60)
    expect(routes.filter(({ method, path }) => !isAnonymous(method, path)).length).toBeGreaterThan(45)
  })

  it('attack 11: without a principal only the listed ones answer, whatever is shown instead of one', async () => {
    const cookie = await session('ana')
    const wrong: Record<string, Record<string, string>> = {
      nothing: {},
      'a made-up token': { authorization: `Bearer bgt_${'A'.repeat(43)}` },
      'a made-up cookie': { cookie: `breakglass=bgt_${'A'.repeat(43)}`, origin: url },
      'a good cookie beside a bad bearer': { cookie, origin: url, authorization: 'Bearer x' },
      'a spoofed identity': { 'x-forwarded-user': 'mara', 'x-remote-user': 'mara', 'remote-user': 'mara' },
    }
    for (const [what, headers] of Object.entries(wrong)) {
      for (const route of routes.filter(
        ({ method, path }) => !isAnonymous(method, path) && path !== '/v1/openapi.json',
      )) {
        const { status, code } = await ask(route, headers)
        expect({ what, route: `${route.method} ${route.template}`, status, code }).toMatchObject({
          status: 401,
          code: 'identity.unauthenticated',
        })
      }
    }
  })

  it('attack 11: a cookie from a foreign page changes and reads nothing', async () => {
    const cookie = await session('ana')
    for (const route of routes.filter(
      ({ method, path }) => !isAnonymous(method, path) && path !== '/v1/openapi.json',
    )) {
      const { status } = await ask(route, {
        cookie,
        origin: 'https://evil.example',
        'sec-fetch-site': 'cross-site',
      })
      expect({ route: `${route.method} ${route.template}`, status }).toMatchObject({ status: 403 })
    }
  })

  it('requirement 10: a token of a program reaches its list and nothing else', async () => {
    const cookie = await session('ben')
    const made = await fetch(`${url}/v1/tokens`, {
      method: 'POST',
      headers: { cookie, origin: url, 'content-type': 'application/json' },
      body: '{"days":1}',
    })
    const { token } = (await made.json()) as { token: string }
    for (const route of routes.filter(
      ({ method, path }) =>
        !isAnonymous(method, path) && path !== '/v1/openapi.json' && path !== '/v1/signout',
    )) {
      const { status } = await ask(route, { authorization: `Bearer ${token}` })
      const reached = isForPrograms(route.method, route.path)
      expect({ route: `${route.method} ${route.template}`, refused: status === 403 }).toEqual({
        route: `${route.method} ${route.template}`,
        refused: !reached,
      })
      expect(status).toBeLessThan(500)
    }
  })

  /** Who may, by handle: ana and ben are on call, ben and mara command, mara administers, priya audits and locks. */
  const DUTIES: [string, string, readonly string[]][] = [
    ['GET', '/v1/people', ['mara']],
    ['GET', '/v1/targets/orders-db/plan', ['mara', 'priya']],
    ['GET', '/v1/targets/orders-db/check', ['mara', 'priya']],
    ['POST', '/v1/policy/reload', ['mara']],
    ['GET', '/v1/status', ['ana', 'ben', 'mara', 'priya']],
    ['GET', '/v1/ledger', ['ana', 'ben', 'mara', 'priya']],
  ]
  it.each(['bearer', 'cookie'] as const)('attack 11: duties are the same by %s', async kind => {
    for (const handle of ['ana', 'ben', 'mara', 'priya']) {
      const headers =
        kind === 'bearer'
          ? { authorization: `Bearer ${(await world.signIn(handle)).token}` }
          : { cookie: await session(handle), origin: url }
      for (const [method, path, may] of DUTIES) {
        const { status } = await ask({ method, template: path, path }, headers)
        expect({ handle, path, status }).toEqual({ handle, path, status: may.includes(handle) ? 200 : 403 })
      }
    }
  })

  it('attack 13: no route answers nonsense with an unforeseen error', async () => {
    const { token } = await world.signIn('mara')
    for (const { method, template } of routes.filter(
      ({ path }) => path !== '/v1/live' && path !== '/v1/signout',
    )) {
      for (const nonsense of ['%00', "'%22%0A", 'x'.repeat(3_000), '..%2f..%2fetc']) {
        const path = template.replaceAll(/\{[^}]+\}/g, nonsense)
        const response = await fetch(url + path, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          ...(method !== 'GET' &&
            method !== 'DELETE' && {
              body: JSON.stringify({ target: nonsense, reason: nonsense, kind: nonsense, digest: nonsense }),
            }),
        })
        await response.arrayBuffer()
        expect({ route: `${method} ${path.slice(0, 80)}`, foreseen: response.status !== 500 }).toMatchObject({
          foreseen: true,
        })
      }
    }
  })
})
