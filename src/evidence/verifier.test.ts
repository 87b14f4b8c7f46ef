/** The verifier that travels with a bundle, where its readers run it: plain Node and a browser without network. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  archiveOf,
  type BundleWorld,
  bundleWorld,
  collect,
  contentsOf,
  forged,
} from './bundle-world.suite.ts'
import { selectSession } from './select-session.ts'
import { verifierPage } from './verifier-page.suite.ts'
import { writeBundle } from './write-bundle.ts'

const CHROMIUM = '/usr/bin/chromium'
const file = (name: string): string => fileURLToPath(new URL(`../../verifier/${name}`, import.meta.url))

let folder: string
let world: BundleWorld

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bg-verifier-'))
  world = await bundleWorld()
  const id = await world.session('g_1', 3)
  const stays = await world.session('g_2', 1, 'open')
  await world.settled()
  const ports = {
    keys: world.keys,
    witnessed: () => undefined,
    procedureText: async () => undefined,
    policy: async () => world.policyText,
    aids: async () => new Map<string, Buffer>(),
    software: 'breakglass test',
  }
  const good = await collect(writeBundle(selectSession(world.sessions, id), ports, 1))
  const open = await collect(writeBundle(selectSession(world.sessions, stays), ports, 1))
  const bad = forged(await contentsOf(good), at => {
    const name = 'logs/sessions/payloads.txt'
    at.set(name, Buffer.from((at.get(name) ?? '').toString().replace('select 2', 'select 9')))
  })
  writeFileSync(join(folder, 'good.zip'), good)
  writeFileSync(join(folder, 'open.zip'), open)
  writeFileSync(join(folder, 'bad.zip'), await archiveOf(bad))
  writeFileSync(join(folder, 'policy'), world.policyText)
})
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true, force: true })
})

it.each([
  ['good.zip', 0, /^This evidence holds\.[^]*✓ These 5 entries are all of the session[^]*Not proven:/],
  ['open.zip', 4, /… not shown: The end of the session/],
  ['bad.zip', 1, /✗ logs\/sessions\/payloads\.txt, entry 3: it is not what this entry sealed/],
])('under Node: %s exits with %d', (name, code, said) => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [file('verify.mjs'), join(folder, name), '--policy', join(folder, 'policy')],
    { encoding: 'utf8' },
  )
  expect(stdout).toMatch(said)
  expect(status).toBe(code)
})

it('under Node: says how it is used, and what it cannot read, with exit 2', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [file('verify.mjs'), ...args], { encoding: 'utf8' })
  expect(run()).toMatchObject({ status: 2, stderr: expect.stringContaining('usage') })
  expect(run('none', '--policy', join(folder, 'policy')).status).toBe(2)
  writeFileSync(join(folder, 'half'), world.policyText.slice(0, 40))
  expect(run(join(folder, 'good.zip'), '--policy', join(folder, 'half')).status).toBe(2)
})

it('the page holds the same verifier, and nothing else may run in it', async () => {
  const page = verifierPage(readFileSync(file('page.html'), 'utf8'), readFileSync(file('verify.mjs'), 'utf8'))
  // `npx vitest run src/evidence/verifier.test.ts -u` writes it again after a change of either.
  await expect(page).toMatchFileSnapshot('../../verifier/verify.html')
})

describe.skipIf(!existsSync(CHROMIUM))('in Chromium, from a file', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  })
  afterAll(() => browser.close())

  it.each([
    ['good.zip', 'This evidence holds.', 'These 5 entries are all of the session'],
    ['open.zip', 'What is here holds, but it is not all of it.', 'The end of the session'],
    ['bad.zip', 'This evidence does not hold.', 'logs/sessions/payloads.txt, entry 3'],
  ])('%s: %s', async (name, verdict, detail) => {
    const page = await browser.newPage()
    const asked: string[] = []
    const refused: string[] = []
    page.on('request', request => asked.push(request.url()))
    page.on('console', message => void (message.type() === 'error' && refused.push(message.text())))
    const url = pathToFileURL(file('verify.html')).href
    await page.goto(url)
    await page.setInputFiles('#policy', join(folder, 'policy'))
    await page.setInputFiles('#bundle', join(folder, name))
    await page.waitForSelector('#verdict h2')
    expect(await page.textContent('#verdict h2')).toBe(verdict)
    expect(await page.textContent('#verdict')).toContain(detail)
    expect(asked).toEqual([url])
    expect(refused).toEqual([])
    await page.close()
  })
})
