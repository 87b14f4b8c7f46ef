import { existsSync, mkdirSync } from 'node:fs'
import { createServer as createWebServer } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { identityAnonymous, identityPrograms, identityRoutes } from '../../src/api/identity/routes.ts'
import { pageRoutes, pagesAnonymous } from '../../src/api/identity/pages.ts'
import { type ApiServer, serveApi } from '../../src/api/serve.ts'
import { createShell } from '../../src/api/shell.ts'
import {
  appOf,
  enrolWithApp,
  openWorld,
  PASSWORD,
  type World,
} from '../../src/identity/real-identity.suite.ts'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
/** Set to a folder to keep pictures of every page. */
const PICTURES = process.env['BREAKGLASS_PICTURES']

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

let browser: Browser
let world: World
let api: ApiServer
let origin: string
let context: BrowserContext
let page: Page
let broken: string[]
let served: { readonly status: number; readonly cookie: boolean }[] = []

describe.skipIf(CHROMIUM === undefined)('the sign-in page in a real browser', () => {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] })
  })
  afterAll(() => browser.close())

  beforeEach(async () => {
    const port = await freePort()
    origin = `http://localhost:${port}`
    world = await openWorld({ origin })
    const { identity } = world
    const app = createShell({
      identity,
      origins: [origin],
      anonymous: [...identityAnonymous, ...pagesAnonymous],
      programs: identityPrograms,
      routes: [identityRoutes({ identity, origins: [origin], mayAdminister: () => false }), pageRoutes()],
      version: '0.0.0',
      onInternal: cause => broken.push(String(cause)),
    })
    broken = []
    const fetch = async (request: Request, env: never): Promise<Response> => {
      const response = await app.fetch(request, env)
      served.push({
        status: response.status,
        cookie: /breakglass=bgt_/.test(request.headers.get('cookie') ?? ''),
      })
      return response
    }
    api = await serveApi({ fetch, host: '127.0.0.1', port })
    await fresh()
  })
  afterEach(async () => {
    await context.close()
    await api.close(0)
    await world.close()
    // Neither the server nor the page's policy (CSP) nor its script had anything to complain about.
    if (broken.length > 0) throw new Error(broken.join('\n'))
  })

  /** A browser with nothing in it but an authenticator that says yes. */
  async function fresh(options: { colorScheme?: 'light' | 'dark'; width?: number } = {}): Promise<void> {
    context = await browser.newContext({
      colorScheme: options.colorScheme ?? 'light',
      viewport: { width: options.width ?? 1024, height: 760 },
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
    })
    page = await context.newPage()
    page.on('pageerror', error => broken.push(String(error)))
    page.on('console', message => {
      // A refused call is a line in the console as well; those are the server's to explain.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        broken.push(message.text())
    })
    const devtools = await context.newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
  }

  async function link(handle: string, name: string): Promise<string> {
    const person = await world.identity.addPerson({ handle, name, groups: ['payments-oncall'] })
    return (await world.identity.issueEnrolment({ person })).link
  }
  const heading = (text: string | RegExp) => page.getByRole('heading', { level: 1, name: text })
  const field = (label: string) => page.getByLabel(label).filter({ visible: true })
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

  /** No violation of WCAG 2.2 A or AA, nothing wider than the screen, at most one filled button; a picture when asked. */
  async function sound(name: string): Promise<void> {
    const axe = new AxeBuilder({ page }).setLegacyMode()
    // The dark theme differs in colours alone.
    if (name.includes('dark')) axe.withRules(['color-contrast'])
    else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    const { violations } = await axe.analyze()
    expect(violations.map(({ id, nodes }) => `${name}: ${id} ${nodes[0]?.html}`)).toEqual([])
    const size = page.viewportSize() ?? { width: 0, height: 0 }
    await page.setViewportSize({ ...size, width: Math.min(size.width, 320) })
    const over = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )
    expect(over, `${name} scrolls sideways at 320 px`).toBe(0)
    await page.setViewportSize(size)
    expect(await page.locator('.btn.first:visible').count(), `${name}: filled buttons`).toBeLessThanOrEqual(1)
    if (PICTURES === undefined) return
    mkdirSync(PICTURES, { recursive: true })
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
  }

  async function enrolPasskey(): Promise<void> {
    await page.goto(await link('ana', 'Ana Ruiz'))
    await heading('Ana Ruiz, register a factor').waitFor()
    await press('Register a passkey')
    await heading('Your passkey is registered').waitFor()
  }
  async function signInWithPasskey(): Promise<void> {
    await page.goto(`${origin}/sign-in`)
    await press('Sign in with passkey')
    await heading('Ana Ruiz').waitFor()
  }

  it('enrols a passkey by a link that works once, signs in with it, and out', async () => {
    const url = await link('ana', 'Ana Ruiz')
    await page.goto(url)
    await heading('Ana Ruiz, register a factor').waitFor()
    expect(page.url()).toBe(`${origin}/enrol`)
    await press('Register a passkey')
    await heading('Your passkey is registered').waitFor()
    await press('Go to sign-in')
    await press('Sign in with passkey')
    await heading('Ana Ruiz').waitFor()
    await page.getByText('payments-oncall').waitFor()
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({
      name: 'breakglass',
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      secure: false,
    })
    expect(await page.evaluate('document.cookie')).toBe('')
    await press('Sign out')
    await heading('You are signed out').waitFor()
    expect(await context.cookies()).toEqual([])
    await page.goto(url.replace('/enrol', '/enrol?again'))
    await page.getByRole('alert').getByText('This enrolment link was used already.').waitFor()
  })

  it('enrols password and app, signs in with both, refuses wrong ones in words', async () => {
    const { clock } = world
    await page.goto(await link('ana', 'Ana Ruiz'))
    await press('Use a password and an authenticator app')
    const secret = (await page.locator('#totp-secret').filter({ hasText: /\w/ }).innerText()).replaceAll(
      ' ',
      '',
    )
    expect(await page.locator('#totp-link').getAttribute('href')).toContain(`secret=${secret}`)
    const code = appOf(secret, clock)
    await field('Password').fill('too short')
    await field('Code').fill(code())
    await press('Register password and app')
    await page.getByRole('alert').getByText('The password is too short.').waitFor()
    expect(await field('Password').getAttribute('aria-invalid')).toBe('true')
    await field('Password').fill(PASSWORD)
    await press('Register password and app')
    await heading('Your password and app are registered').waitFor()

    clock.pass(30_000)
    await page.goto(`${origin}/sign-in`)
    await press('Use password and code')
    await page.keyboard.type('ana')
    await page.keyboard.press('Tab')
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Tab')
    await page.keyboard.type('000000')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('Handle, password and code do not fit together.').waitFor()
    await field('Code').fill(code())
    await page.keyboard.press('Enter')
    await heading('Ana Ruiz').waitFor()
    await page.getByText('totp at').waitFor()
  })

  it('shows a passkey to a terminal by a code both show', async () => {
    await enrolPasskey()
    await signInWithPasskey()
    const [token] = world.identity.listTokens(world.identity.personOf('ana') ?? 'p_')
    const cookie = (await context.cookies())[0]?.value ?? ''
    const terminal = world.identity.authenticate(cookie)
    expect(token?.digest).toBe(terminal.token)
    world.clock.pass(600_000)
    expect(
      world.identity.recheck(terminal).strongestWithin('passkey', 120_000, world.journal.now()),
    ).toBeUndefined()
    const asked = world.identity.askStepUp(terminal)
    await context.clearCookies()
    await page.goto(asked.link)
    await page.getByText(asked.code, { exact: true }).waitFor()
    await press('Show passkey to the terminal')
    await heading('Your terminal has it').waitFor()
    expect(
      world.identity.recheck(terminal).strongestWithin('passkey', 120_000, world.journal.now()),
    ).toBeDefined()
  })

  it('lets a terminal in after sign-in, asks for a factor when the sign-in is old, and keeps it out', async () => {
    await enrolPasskey()
    const { identity, clock } = world
    const caller = { source: '192.0.2.7', application: 'breakglass/0.1.0 on bastion' }
    const first = identity.startLogin(caller)
    await page.goto(first.link)
    await press('Sign in with passkey')
    await heading('A terminal asks to act as you').waitFor()
    await page.getByText(first.code, { exact: true }).waitFor()
    await page.getByText('breakglass/0.1.0 on bastion').waitFor()
    await press('Let it in')
    await heading('The terminal is let in').waitFor()
    const polled = await identity.pollLogin(first.poll)
    if (polled.state !== 'approved') throw new Error('not approved')
    expect(identity.authenticate(polled.token.secret)).toMatchObject({ handle: 'ana', kind: 'cli' })

    clock.pass(600_000)
    const second = identity.startLogin(caller)
    await page.goto(`${origin}/login`)
    await field('Code').fill('zzzz zzzz')
    await press('Find the terminal')
    await page.getByRole('alert').getByText('This code is unknown').waitFor()
    await field('Code').fill(second.code.toLowerCase().replace('-', ' '))
    await press('Find the terminal')
    await press('Let it in')
    await heading('Show a factor').waitFor()
    await press('Show passkey')
    await heading('The terminal is let in').waitFor()
    expect((await identity.pollLogin(second.poll)).state).toBe('approved')

    const third = identity.startLogin(caller)
    await page.goto(third.link)
    await press('Deny')
    await heading('The terminal is kept out').waitFor()
    await expect(identity.pollLogin(third.poll)).rejects.toThrow('denied')
  })

  it('steps up by code and goes where it was asked to, on this site only', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    await page.goto(`${origin}/sign-in?then=/step-up`)
    await press('Use password and code')
    await field('Handle').fill('ana')
    await field('Password').fill(PASSWORD)
    await field('Code').fill(code())
    await press('Sign in with password and code')
    await heading('Show a factor').waitFor()
    await press('Use a code')
    world.clock.pass(30_000)
    await field('Code').fill(code())
    await press('Show code')
    await heading('ana of acme').waitFor()
    await page.goto(`${origin}/sign-in?then=//evil.example/`)
    await heading('ana of acme').waitFor()
  })

  it('attack 3: a page on another port of the same host, which gets the cookie sent, can do nothing with it', async () => {
    await enrolPasskey()
    await signInWithPasskey()
    const foreign = createWebServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<title>x</title>'),
    )
    foreign.listen(0, '127.0.0.1')
    await once(foreign, 'listening')
    const { port } = foreign.address() as { port: number }
    await page.goto(`http://localhost:${port}/`)
    served = []
    await page.evaluate(`Promise.all(['/v1/signout', '/v1/stepup/link', '/v1/signin/passkey/begin'].map(path =>
      fetch('${origin}' + path, { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(() => 0)))`)
    expect(served).toEqual(['a', 'b', 'c'].map(() => ({ status: 403, cookie: true })))
    foreign.close()
    await page.goto(`${origin}/sign-in`)
    await heading('Ana Ruiz').waitFor()
  })

  it.each([
    ['light', 1024],
    ['dark', 360],
  ] as const)('is accessible and fits, %s at %i px', async (colorScheme, width) => {
    await context.close()
    await fresh({ colorScheme, width })
    const { identity } = world
    const at = `${colorScheme}-${width}`
    await page.goto(`${origin}/sign-in`)
    await heading('Sign in').waitFor()
    await sound(`sign-in-${at}`)
    await press('Use password and code')
    await press('Sign in with password and code')
    await page.getByRole('alert').waitFor()
    await sound(`sign-in-refused-${at}`)
    await page.goto(await link('ana', 'Ana Ruiz'))
    await heading(/Ana Ruiz/).waitFor()
    await sound(`enrol-${at}`)
    await press('Use a password and an authenticator app')
    await page.locator('#totp-secret').filter({ hasText: /\w/ }).waitFor()
    await sound(`enrol-app-${at}`)
    await press('Register a passkey')
    await heading('Your passkey is registered').waitFor()
    await sound(`enrol-done-${at}`)
    await signInWithPasskey()
    await sound(`me-${at}`)
    await page.goto(`${origin}/step-up`)
    await heading('Show a factor').waitFor()
    await sound(`step-up-${at}`)
    const me = identity.authenticate((await context.cookies())[0]?.value ?? '')
    await page.goto(identity.askStepUp(me).link)
    await heading('Your terminal asks for your passkey').waitFor()
    await sound(`step-up-terminal-${at}`)
    await page.goto(`${origin}/login`)
    await heading('A terminal asks to act as you').waitFor()
    await sound(`login-code-${at}`)
    await page.goto(
      identity.startLogin({ source: '192.0.2.7', application: 'breakglass/0.1.0 on bastion' }).link,
    )
    await page.getByText('It shows', { exact: true }).waitFor()
    await sound(`login-${at}`)
    await page.goto(`${origin}/enrol`)
    await page.getByRole('alert').waitFor()
    await sound(`enrol-dead-${at}`)
  })
})
