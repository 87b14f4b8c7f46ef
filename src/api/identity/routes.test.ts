import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ORIGIN,
  enrolWithApp,
  openWorld,
  PASSWORD,
  signIn,
  type World,
} from '../../identity/real-identity.suite.ts'
import { createShell } from '../shell.ts'
import { sessionCookie } from './cookie.ts'
import { pageRoutes, pagesAnonymous } from './pages.ts'
import { identityAnonymous, identityPrograms, identityRoutes } from './routes.ts'

let world: World
let app: ReturnType<typeof createShell>
let unforeseen: unknown[]

beforeEach(async () => {
  world = await openWorld()
  unforeseen = []
  const { identity } = world
  app = createShell({
    identity,
    origins: [ORIGIN],
    anonymous: [...identityAnonymous, ...pagesAnonymous],
    programs: identityPrograms,
    routes: [
      identityRoutes({
        identity,
        origins: [ORIGIN],
        mayAdminister: ({ groups }) => groups.includes('admins'),
      }),
      pageRoutes(),
    ],
    version: '0.0.0',
    onInternal: cause => unforeseen.push(cause),
  })
})
afterEach(async () => {
  await world.close()
  if (unforeseen.length > 0) throw new Error(String(unforeseen))
})

type Headers = Record<string, string>
const bearer = (secret: string): Headers => ({ authorization: `Bearer ${secret}` })
const cookie = (secret: string, origin = ORIGIN): Headers => ({ cookie: `breakglass=${secret}`, origin })

async function ask(method: string, path: string, headers: Headers = {}, body?: unknown) {
  const response = await app.request(path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  }
}

async function someone(handle: string, groups: string[] = []) {
  const { code, person } = await enrolWithApp(world, handle, groups)
  const { secret, principal } = await signIn(world, handle, code())
  world.clock.pass(30_000)
  return { code, person, secret, principal }
}

interface Document {
  readonly paths: Record<string, Record<string, unknown>>
}

describe('every route of identity', () => {
  it('attack 11: without a credential answers 401, unless it is on the list of anonymous ones', async () => {
    const { paths } = (await ask('GET', '/v1/openapi.json')).body as unknown as Document
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => ({ method: method.toUpperCase(), path })),
    )
    expect(routes.length).toBeGreaterThan(30)
    const answered = await Promise.all(
      routes.map(async ({ method, path }) => ({
        route: `${method} ${path}`,
        status: (await ask(method, path.replaceAll(/\{\w+\}/g, 'x'), {}, method === 'GET' ? undefined : {}))
          .status,
      })),
    )
    const open = answered.filter(({ status }) => status !== 401).map(({ route }) => route)
    expect(open.sort()).toEqual(identityAnonymous.map(({ method, path }) => `${method} ${path}`).sort())
  })

  it('attack 11: cookie, session token and terminal token meet the same conditions; a program’s token fewer routes', async () => {
    const { code, secret, principal } = await someone('ana')
    const { identity, clock } = world
    const cli = await signIn(world, 'ana', code(), 'cli')
    clock.pass(30_000)
    await identity.stepUpWithTotp(principal, code())
    const program = await identity.issueApiToken({
      principal: identity.recheck(principal),
      forMs: 1_000_000,
      caller: { source: 'x' },
    })
    clock.pass(600_000)
    const credentials: [string, Headers][] = [
      ['cookie', cookie(secret)],
      ['session', bearer(secret)],
      ['cli', bearer(cli.secret)],
      ['api', bearer(program.secret)],
    ]
    const routes: [string, string, unknown][] = [
      ['GET', '/v1/me', undefined],
      ['GET', '/v1/tokens', undefined],
      ['GET', '/v1/people', undefined],
      ['POST', '/v1/tokens', { days: 1 }],
      ['PUT', '/v1/factors/password', { password: 'a new long password' }],
      ['POST', '/v1/factors/totp/begin', {}],
      ['POST', '/v1/stepup/totp', { code: '000000' }],
    ]
    const rows: Record<string, number[]> = {}
    for (const [name, headers] of credentials) {
      rows[name] = []
      for (const [method, path, body] of routes)
        rows[name].push((await ask(method, path, headers, body)).status)
    }
    const person = [200, 200, 403, 403, 403, 403, 401]
    expect(rows).toEqual({
      cookie: person,
      session: person,
      cli: person,
      api: [200, 403, 403, 403, 403, 403, 403],
    })
  })

  it('attack 10: headers that claim an identity are nobody', async () => {
    const { person } = await someone('ana')
    for (const name of ['x-forwarded-user', 'x-remote-user', 'x-breakglass-person', 'remote-user']) {
      expect((await ask('GET', '/v1/me', { [name]: person })).status).toBe(401)
    }
  })

  it('attack 2: a wrong bearer token is not mended by a right cookie', async () => {
    const { secret } = await someone('ana')
    expect(
      (await ask('GET', '/v1/me', { ...cookie(secret), ...bearer(`bgt_${'x'.repeat(43)}`) })).status,
    ).toBe(401)
  })
})

describe('signing in', () => {
  it('gives a browser a cookie it cannot read and a terminal a token', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    const given = { handle: 'ana', password: PASSWORD }
    const browser = await ask('POST', '/v1/signin/password', { origin: ORIGIN }, { ...given, code: code() })
    expect(browser.status).toBe(200)
    expect(Object.keys(browser.body).sort()).toEqual(['expires_at', 'handle', 'person'])
    const set = browser.headers.get('set-cookie') ?? ''
    expect(set).toMatch(/^breakglass=bgt_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/)
    world.clock.pass(30_000)
    const terminal = await ask('POST', '/v1/signin/password', {}, { ...given, code: code(), as: 'cli' })
    expect(terminal.headers.get('set-cookie')).toBeNull()
    expect((await ask('GET', '/v1/me', bearer(String(terminal.body['token'])))).body).toMatchObject({
      handle: 'ana',
      kind: 'cli',
    })
    const out = await ask('POST', '/v1/signout', cookie(/breakglass=([^;]+)/.exec(set)?.[1] ?? ''))
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await ask('GET', '/v1/me', cookie(/breakglass=([^;]+)/.exec(set)?.[1] ?? ''))).status).toBe(401)
  })

  it('marks the cookie Secure wherever it is not the browser’s own machine', () => {
    expect(sessionCookie('s', 1000, 'https://breakglass.acme.example')).toContain('; Secure')
    expect(sessionCookie('s', 1000, 'http://breakglass.acme.example')).toContain('; Secure')
    expect(sessionCookie('s', 1000, 'http://localhost.evil.example')).toContain('; Secure')
    expect(sessionCookie('s', 1000, 'http://localhost:7070')).not.toContain('Secure')
  })

  it('attack 3: a foreign page signs nobody in, with or without a cookie', async () => {
    const { code, secret } = await someone('ana')
    const foreign = { origin: 'https://evil.example' }
    const sign = { handle: 'ana', password: PASSWORD, code: code() }
    expect((await ask('POST', '/v1/signin/password', foreign, sign)).status).toBe(403)
    expect((await ask('POST', '/v1/signin/password', { 'sec-fetch-site': 'cross-site' }, sign)).status).toBe(
      403,
    )
    expect((await ask('POST', '/v1/login/start', foreign)).status).toBe(403)
    expect((await ask('POST', '/v1/signout', cookie(secret, 'https://evil.example'))).status).toBe(403)
    expect((await ask('POST', '/v1/signin/password', { origin: ORIGIN }, sign)).status).toBe(200)
  })

  it('says how long a lock-out lasts, to programs as well', async () => {
    const wrong = { handle: 'nobody', password: 'x', code: '000000' }
    for (let n = 0; n < 5; n++) await ask('POST', '/v1/signin/password', {}, wrong)
    const locked = await ask('POST', '/v1/signin/password', {}, wrong)
    expect(locked.status).toBe(429)
    expect(locked.headers.get('retry-after')).toBe('30')
    expect(locked.body['next']).toContain('passkey')
  })

  it.each([
    ['POST', '/v1/signin/password', { handle: 'ana' }],
    ['POST', '/v1/signin/password', { handle: 'ana', password: 'x', code: '1', person: 'p_1' }],
    ['POST', '/v1/signin/password', { handle: ['ana'], password: 'x', code: '1' }],
    ['POST', '/v1/signin/passkey/finish', { attempt: 'x', response: {} }],
    ['POST', '/v1/login/poll', { poll: 'x'.repeat(10_000) }],
  ])('refuses a malformed %s %s as invalid input', async (method, path, body) => {
    const { status, body: problem } = await ask(method, path, {}, body)
    expect([status, problem['code']]).toEqual([400, 'input.invalid'])
  })

  it('takes any nonsense of a passkey as a refusal, not as an error', async () => {
    const prompt = await ask('POST', '/v1/signin/passkey/begin')
    const nonsense = { clientDataJSON: 'AAAA', authenticatorData: '!', signature: '', userHandle: 'x' }
    const response = {
      id: 'x',
      rawId: 'y',
      type: 'public-key',
      clientExtensionResults: {},
      response: { ...nonsense, signature: 'x' },
    }
    const { status } = await ask(
      'POST',
      '/v1/signin/passkey/finish',
      {},
      { attempt: prompt.body['attempt'], response },
    )
    expect(status).toBe(401)
  })
})

describe('terminal login over HTTP', () => {
  it('attack 4: who lets the terminal in comes from the session, whatever the body says', async () => {
    const { code, secret } = await someone('ana')
    const mallory = await someone('mallory')
    const started = await ask('POST', '/v1/login/start')
    const { poll, code: shown } = started.body as { poll: string; code: string }
    expect((await ask('POST', '/v1/login/poll', {}, { poll })).status).toBe(202)
    await world.identity.stepUpWithTotp(world.identity.authenticate(secret), code())
    const approve = await ask('POST', `/v1/login/${shown}/approve`, cookie(secret), {
      person: mallory.person,
    })
    expect(approve.status).toBe(200)
    const polled = await ask('POST', '/v1/login/poll', {}, { poll })
    expect(polled.body).toMatchObject({ handle: 'ana' })
    expect((await ask('POST', '/v1/login/poll', {}, { poll })).status).toBe(404)
  })

  it('attack 16: one’s own tokens and factors only', async () => {
    const ana = await someone('ana')
    const mallory = await someone('mallory')
    const { identity } = world
    const [factor] = identity.find(ana.person)?.factors ?? []
    await identity.stepUpWithTotp(mallory.principal, mallory.code())
    expect((await ask('DELETE', `/v1/tokens/${ana.principal.token}`, bearer(mallory.secret))).status).toBe(
      404,
    )
    expect((await ask('DELETE', `/v1/factors/${factor?.id}`, bearer(mallory.secret))).status).toBe(404)
    expect((await ask('GET', '/v1/me', bearer(ana.secret))).status).toBe(200)
  })
})

describe('people', () => {
  it('requirement 7: are looked after by administrators alone', async () => {
    const { secret, person } = await someone('ana', ['payments-oncall'])
    const tries: [string, string, unknown][] = [
      ['GET', '/v1/people', undefined],
      ['POST', '/v1/people', { handle: 'eve', name: 'Eve' }],
      ['PATCH', `/v1/people/${person}`, { groups: ['admins'] }],
      ['POST', `/v1/people/${person}/enrolment`, {}],
      ['POST', `/v1/people/${person}/disable`, {}],
      ['POST', `/v1/people/${person}/enable`, {}],
      ['POST', `/v1/people/${person}/signout`, {}],
      ['DELETE', `/v1/people/${person}/factors/f_1`, undefined],
    ]
    for (const [method, path, body] of tries) {
      expect((await ask(method, path, bearer(secret), body)).status, `${method} ${path}`).toBe(403)
    }
    expect(world.identity.find(person)?.groups).toEqual(['payments-oncall'])
  })

  it('are widened with a fresh factor, never by themselves; narrowed at once', async () => {
    const admin = await someone('root', ['admins'])
    const ana = await someone('ana')
    const headers = bearer(admin.secret)
    world.clock.pass(600_000)
    const stale = await ask('POST', '/v1/people', headers, { handle: 'eve', name: 'Eve' })
    expect([stale.status, stale.body['code']]).toEqual([403, 'identity.step_up_required'])
    expect((await ask('POST', '/v1/people/ana/disable', headers)).status).toBe(200)
    expect((await ask('GET', '/v1/me', bearer(ana.secret))).status).toBe(401)
    expect((await ask('POST', '/v1/stepup/totp', headers, { code: admin.code() })).status).toBe(200)
    expect((await ask('POST', '/v1/people/ana/enable', headers)).status).toBe(200)
    expect((await ask('PATCH', '/v1/people/ana', headers, { groups: ['b', 'a'] })).body).toMatchObject({
      groups: ['a', 'b'],
    })
    expect((await ask('PATCH', '/v1/people/root', headers, { groups: ['owners'] })).status).toBe(403)
    expect((await ask('POST', '/v1/people/root/enrolment', headers)).status).toBe(403)
    const added = await ask('POST', '/v1/people', headers, { handle: 'eve', name: 'Eve', groups: ['g'] })
    expect(added.status).toBe(201)
    const enrolment = String(added.body['link']).split('#')[1]
    expect((await ask('POST', '/v1/enrol/begin', {}, { enrolment })).body).toEqual({
      handle: 'eve',
      name: 'Eve',
      organisation: 'acme',
    })
    expect((await ask('GET', '/v1/people', headers)).body['people']).toHaveLength(3)
    expect((await ask('POST', '/v1/people/nobody/disable', headers)).status).toBe(404)
  })
})

describe('the page', () => {
  it('is served under its four addresses, with a policy that lets nothing else in', async () => {
    for (const path of ['/sign-in', '/enrol', '/step-up', '/login']) {
      const response = await app.request(path)
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(response.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; script-src 'self'/,
      )
      const html = await response.text()
      expect(html).not.toMatch(/<script(?![^>]* src=)|\son\w+=|style=/)
      const etag = response.headers.get('etag') ?? ''
      expect((await app.request(path, { headers: { 'if-none-match': etag } })).status).toBe(304)
    }
    for (const path of ['/sign-in/page.js', '/sign-in/tokens.css'])
      expect((await app.request(path)).status).toBe(200)
    for (const path of ['/sign-in/..%2f..%2fpackage.json', '/sign-in/index.html', '/sign-in/%2e%2e/secret'])
      expect((await app.request(path)).status).toBe(401)
  })
})
