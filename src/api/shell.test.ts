import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createRoute, z } from '@hono/zod-openapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VerifiedPrincipal } from '../identity/verified-principal.ts'
import { Fault, FAULTS } from '../kernel/faults.ts'
import { newId } from '../kernel/ids.ts'
import { newRouter } from './router.ts'
import { type ApiServer, serveApi } from './serve.ts'
import { createShell } from './shell.ts'

// The shell's own tests stand below identity: this process never loads `authenticate`, so the one maker is free here.
const make = VerifiedPrincipal.claimMaker()
const principal = (kind: 'session' | 'api'): VerifiedPrincipal =>
  make({
    person: newId('person'),
    handle: 'ana',
    groups: [],
    token: 'd',
    kind,
    expires: Infinity,
    proofs: [],
  })

const PERSON = `bgt_${'a'.repeat(43)}`
const PROGRAM = `bgt_${'b'.repeat(43)}`
const ORIGIN = 'http://localhost:7070'
const noted: unknown[] = []

const routes = newRouter()
const json = {
  content: { 'application/json': { schema: z.object({ who: z.string() }) } },
  description: 'who',
}
routes.openapi(
  createRoute({
    method: 'post',
    path: '/v1/things',
    request: {
      body: {
        content: { 'application/json': { schema: z.strictObject({ name: z.string().min(1).max(10) }) } },
        required: true,
      },
    },
    responses: { 200: json },
  }),
  c => c.json({ who: c.get('principal').handle }, 200),
)
routes.get('/v1/things/:id', c => c.json({ id: c.req.param('id'), seen: [...c.req.raw.headers.keys()] }))
routes.post('/v1/things/:id/approve', c => c.json({ who: c.get('principal').handle }))
routes.delete('/v1/things/:id', c => c.json({ who: c.get('principal').handle }))
routes.get('/v1/open/:id', c => c.json({ who: (c.get('principal') as unknown) ?? null }))
routes.get('/v1/broken', () => {
  throw new Error('password=hunter2 at /srv/secret.ts')
})
routes.get('/v1/refused', () => {
  throw new Fault('grant.own', 'Nobody answers their own request.', {
    next: 'Ask the security group.',
    facts: { grant: 'g_1' },
    cause: new Error('hunter2'),
  })
})

const app = createShell({
  identity: {
    authenticate: secret => {
      if (secret === PERSON) return principal('session')
      if (secret === PROGRAM) return principal('api')
      throw new Fault('identity.unauthenticated', 'This token is not valid.')
    },
  },
  origins: [ORIGIN],
  anonymous: [{ method: 'GET', path: '/v1/open/{id}' }],
  programs: [{ method: 'POST', path: '/v1/things' }],
  routes: [routes],
  version: '0.0.0',
  onInternal: cause => noted.push(cause),
})

let api: ApiServer
let url: string
beforeAll(async () => {
  api = await serveApi({ fetch: app.fetch, host: '127.0.0.1', port: 0, headersMs: 500 })
  url = `http://127.0.0.1:${api.port}`
})
afterAll(() => api.close(0))

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
}
async function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  const response = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
const cookie = (token: string): Record<string, string> => ({ cookie: `breakglass=${token}` })
const JSON_TYPE = { 'content-type': 'application/json' }

describe('who', () => {
  const paths: [string, string, string | undefined][] = [
    ['POST', '/v1/things', '{"name":"x"}'],
    ['GET', '/v1/things/1', undefined],
    ['POST', '/v1/things/1/approve', undefined],
  ]
  const credentials: [string, Record<string, string>, 'person' | 'program' | 'nobody' | 'foreign'][] = [
    ['none', {}, 'nobody'],
    ['a bearer token', bearer(PERSON), 'person'],
    ['a cookie with our origin', { ...cookie(PERSON), origin: ORIGIN }, 'person'],
    [
      'a cookie and a foreign origin',
      { ...cookie(PERSON), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      'foreign',
    ],
    [
      'a cookie and the origin null',
      { ...cookie(PERSON), origin: 'null', 'sec-fetch-site': 'cross-site' },
      'foreign',
    ],
    ['an unknown bearer token', bearer(`bgt_${'x'.repeat(43)}`), 'nobody'],
    ['a wrong bearer beside a good cookie', { ...cookie(PERSON), origin: ORIGIN, ...bearer('x') }, 'nobody'],
    ['two cookies', { cookie: `breakglass=${PERSON}; breakglass=${PERSON}`, origin: ORIGIN }, 'nobody'],
    ['basic authentication', { authorization: `Basic ${btoa(`ana:${PERSON}`)}` }, 'nobody'],
    ['the token in the query only', { 'x-token': PERSON }, 'nobody'],
    ["a program's token", bearer(PROGRAM), 'program'],
  ]
  const expected = (path: string, as: string): number => {
    if (as === 'nobody') return 401
    if (as === 'foreign') return 403
    if (as === 'program') return path === '/v1/things' ? 200 : 403
    return 200
  }
  it.each(
    paths.flatMap(([method, path, body]) =>
      credentials.map(([what, headers, as]) => ({ method, path, body, what, headers, as })),
    ),
  )('attack 11: $method $path with $what is answered as $as', async ({ method, path, body, headers, as }) => {
    const answer = await ask(method, path, { ...headers, ...(body === undefined ? {} : JSON_TYPE) }, body)
    expect(answer.status).toBe(expected(path, as))
  })

  it('a changing request by cookie needs an Origin; reading does not', async () => {
    expect((await ask('POST', '/v1/things/1/approve', cookie(PERSON))).status).toBe(403)
    expect((await ask('GET', '/v1/things/1', cookie(PERSON))).status).toBe(200)
  })

  it('an unlisted address is closed to the anonymous, whatever it is', async () => {
    for (const path of [
      '/v1/nothing',
      '/',
      '/v1/open',
      '/v1/open/',
      '/v1/open/1/2',
      '/V1/open/1',
      '/v1//open/1',
      '/v1/open%2f1',
      '/v1/things/../open/1x/y',
    ])
      expect((await ask('GET', path)).status, path).toBe(401) // oxlint-disable-line vitest/valid-expect -- names the path
    expect((await ask('POST', '/v1/open/1')).status).toBe(401)
    expect((await ask('GET', '/v1/open/1')).body).toEqual({ who: null })
    expect((await ask('GET', '/v1/nothing', bearer(PERSON))).body).toMatchObject({
      status: 404,
      code: 'not_found',
    })
  })

  it('attack 10: headers that claim an identity never reach a handler', async () => {
    const claims = {
      'x-forwarded-user': 'root',
      'X-Remote-User': 'root',
      'remote-user': 'root',
      'x-auth-request-email': 'a@b',
      'x-forwarded-for': '10.0.0.1',
      forwarded: 'for=10.0.0.1',
      'x-real-ip': '10.0.0.1',
      remote_user: 'root',
      'x-http-method-override': 'DELETE',
      'impersonate-user': 'root',
    }
    const answer = await ask('GET', '/v1/things/1', {
      ...bearer(PERSON),
      ...claims,
      accept: 'application/json',
    })
    const seen = answer.body['seen'] as string[]
    expect(seen).toContain('accept')
    for (const name of Object.keys(claims)) expect(seen).not.toContain(name.toLowerCase())
    expect((await ask('GET', '/v1/things/1', claims)).status).toBe(401)
  })

  it('attack 10: an upgrade is closed, and bytes after it reach nothing (attack 12)', async () => {
    const socket = connect(api.port, '127.0.0.1')
    socket.write(
      'GET /v1/things/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Remote-User: root\r\n\r\nGET /v1/open/1 HTTP/1.1\r\nHost: x\r\n\r\n',
    )
    expect(await everything(socket)).toBe('')
  })
})

describe('errors', () => {
  it('are problem+json with a code and a next step', async () => {
    const answer = await ask('GET', '/v1/refused', bearer(PERSON))
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.body).toEqual({
      type: 'urn:breakglass:fault:grant.own',
      title: 'Nobody answers their own request',
      status: 403,
      detail: 'Nobody answers their own request.',
      code: 'grant.own',
      next: 'Ask the security group.',
      facts: { grant: 'g_1' },
    })
  })

  it('tell nothing of the inside when nobody foresaw them', async () => {
    noted.length = 0
    const answer = await ask('GET', '/v1/broken', bearer(PERSON))
    expect(answer.status).toBe(500)
    expect(JSON.stringify(answer.body)).not.toMatch(/hunter2|srv|Error/)
    expect(noted).toEqual([expect.objectContaining({ message: expect.stringContaining('hunter2') })])
  })

  it.each([
    ['an unknown field', JSON_TYPE, '{"name":"x","approved_by":"ana"}', 400],
    ['a wrong type', JSON_TYPE, '{"name":1}', 400],
    ['no JSON', JSON_TYPE, '{"name":', 400],
    ['another content type', { 'content-type': 'text/plain' }, '{"name":"x"}', 400],
    ['no body', JSON_TYPE, undefined, 400],
    ['a body of 2 MiB', JSON_TYPE, `{"name":"${'x'.repeat(2 * 1024 * 1024)}"}`, 413],
  ])('attack 4: %s is refused as a problem', async (_what, type, body, status) => {
    const answer = await ask('POST', '/v1/things', { ...bearer(PERSON), ...type }, body)
    expect(answer).toMatchObject({
      status,
      body: { status, code: status === 413 ? 'input.too_large' : 'input.invalid' },
    })
  })

  it.each([
    ['a body in chunks', 'POST', '{"name":"x"}', 200],
    ['a body in chunks that grows too large', 'POST', `{"name":"${'x'.repeat(2 * 1024 * 1024)}"}`, 413],
    ['a request to remove, without a body', 'DELETE', undefined, 200],
  ])('%s is read like any other', async (_what, method, text, status) => {
    const body = text === undefined ? undefined : new Blob([text]).stream()
    const path = method === 'POST' ? '/v1/things' : '/v1/things/1'
    const headers = { ...bearer(PERSON), ...(body && JSON_TYPE) }
    const response = await fetch(url + path, {
      method,
      headers,
      ...(body && { body, duplex: 'half' }),
    })
    expect(response.status).toBe(status)
    await response.arrayBuffer()
  })

  it('every fault has a title and the status of its table', async () => {
    const { problemOf } = await import('./problem.ts')
    for (const [code, { status }] of Object.entries(FAULTS)) {
      const problem = problemOf(new Fault(code as keyof typeof FAULTS, 'x'))
      expect(problem.status).toBe(status)
      expect(problem.title.length).toBeGreaterThan(5)
    }
  })

  it('and answers carry the headers that keep pages from being framed, sniffed or stored', async () => {
    for (const answer of [
      await ask('GET', '/v1/open/1'),
      await ask('GET', '/v1/refused', bearer(PERSON)),
      await ask('GET', '/v1/none'),
    ]) {
      expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('x-powered-by')).toBeNull()
    }
  })
})

describe('attack 13', () => {
  it('1,000 half-open sockets delay nobody and are closed in time', async () => {
    const sockets = Array.from({ length: 1_000 }, (_, index) => {
      const socket = connect(api.port, '127.0.0.1')
      socket.on('error', () => undefined)
      // A third says nothing at all, a third stops amid the headers, a third amid the body.
      if (index % 3 === 1) socket.write('GET /v1/open/1 HTTP/1.1\r\nHost: x\r\nX-A: ')
      if (index % 3 === 2)
        socket.write(
          `POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${PERSON}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
        )
      return socket
    })
    await Promise.all(sockets.map(socket => once(socket, 'connect')))
    expect((await ask('GET', '/v1/open/1')).status).toBe(200)
    await Promise.all(sockets.map(everything))
    expect(
      await new Promise(resolve => api.server.getConnections((_, count) => resolve(count))),
    ).toBeLessThan(10)
  })

  it('oversized headers are refused, others go on', async () => {
    const socket = connect(api.port, '127.0.0.1')
    socket.write(`GET /v1/open/1 HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(100_000)}\r\n\r\n`)
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 431/)
    expect((await ask('GET', '/v1/open/1')).status).toBe(200)
  })

  it('two lengths in one request, a line folded or NUL in a name are refused', async () => {
    for (const head of [
      'Content-Length: 1\r\nContent-Length: 2',
      'Content-Length: 1\r\nTransfer-Encoding: chunked',
      'X\0Y: 1',
      'Host: y',
    ]) {
      const socket = connect(api.port, '127.0.0.1')
      socket.write(`POST /v1/open/1 HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\nab`)
      expect(await everything(socket)).toMatch(/^HTTP\/1\.1 40[01]/)
    }
  })
})

it('the description is OpenAPI 3.1 and names each route', async () => {
  const { body } = await ask('GET', '/v1/openapi.json')
  expect(body['openapi']).toBe('3.1.0')
  expect(Object.keys(body['paths'] as object)).toContain('/v1/things')
})

async function everything(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1')
  socket.on('error', () => undefined)
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  if (!socket.destroyed) await once(socket, 'close')
  return text
}
