/** Evidence of real grants and sessions, taken out and verified by others (issue C, 7 and 8). */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BundleVerdict } from '../../src/ledger/bundle/verdict.ts'
import { breakglass, isBuilt } from './breakglass.ts'
import { run } from './psql.ts'
import { missing } from './servers/missing.ts'
import { type Api, startWorld, type World } from './world.ts'

describe.skipIf(missing('postgres15', 'psql').length > 0 || !isBuilt)('evidence', () => {
  let world: World
  let folder: string
  let priya: Api
  let grant: string
  let sessions: readonly string[]

  const cli = (api: Api, ...args: string[]) => breakglass({ url: world.server.url, token: api.token }, args)
  const verify = async (file: string): Promise<{ code: number | null; verdict: BundleVerdict }> => {
    const { code, out, err } = await cli(
      priya,
      'evidence',
      'verify',
      file,
      '--policy',
      join(folder, 'policy'),
      '--json',
    )
    if (out === '') throw new Error(err)
    return { code, verdict: JSON.parse(out) as BundleVerdict }
  }
  const exported = async (api: Api, name: string, ...what: string[]): Promise<string> => {
    const file = join(folder, name)
    const { code, err } = await cli(api, 'evidence', 'export', ...what, '-o', file)
    expect(err).toBe('')
    expect(code).toBe(0)
    return file
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bg-evidence-'))
    world = await startWorld()
    const { store } = world.server
    const keys = await Promise.all(
      [store.control, store.sessions].map(async log => (await log.read(0)).data['vkey'] as string),
    )
    writeFileSync(join(folder, 'policy'), `${keys.map(key => `log ${key}`).join('\n')}\nquorum none\n`)

    const { api, grant: id } = await world.open()
    grant = id
    const credential = await world.connect(api, grant)
    await run(credential, 'select count(*) from orders')
    await run(credential, "update orders set status = 'held' where id = 7")
    await run(credential, 'drop table orders').catch(() => undefined)
    priya = await world.signIn('priya')
    const listed = await priya.get<{ sessions: { id: string }[] }>(`/v1/sessions?grant=${grant}`)
    sessions = listed.sessions.map(one => one.id)
    await api.post(`/v1/grants/${grant}/close`)
  }, 60_000)
  afterAll(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('of a grant that awaits its review holds, and says that the review is not in it', async () => {
    const { code, verdict } = await verify(await exported(priya, 'open.zip', grant))
    expect(verdict.findings).toEqual([])
    expect(code).toBe(4)
    expect(verdict.missing).toEqual([expect.stringContaining('its review')])
  })

  it('of a reviewed grant holds and is complete: the grant, its sessions, what was done', async () => {
    await priya.post(`/v1/reviews/r_${grant.slice(2)}/complete`, {
      verdict: 'warranted',
      necessary: 'all',
      text: 'it was warranted',
    })
    const { code, verdict } = await verify(await exported(priya, 'grant.zip', grant))
    expect(verdict.findings).toEqual([])
    expect(code).toBe(0)
    expect(verdict).toMatchObject({
      outcome: 'holds',
      subject: { kind: 'grant', grant },
      grant: { grant, target: 'orders-db', last: { type: 'grant.closed' } },
    })
    expect(verdict.sessions.map(({ session }) => session).sort()).toEqual([...sessions].sort())
    expect(verdict.sessions).toHaveLength(3)
  })

  it('is checked by the HOWTO inside it, with openssl and sha256sum alone', async () => {
    const blocks = (text: string): string =>
      [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('')
    const check = (bundle: string): { status: number | null; text: string } => {
      const place = mkdtempSync(join(folder, 'howto-'))
      execFileSync('unzip', ['-q', bundle, 'HOWTO.md', '-d', place])
      const script = blocks(readFileSync(join(place, 'HOWTO.md'), 'utf8'))
      const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
        cwd: place,
        env: { PATH: process.env['PATH'], BUNDLE: bundle, POLICY: join(folder, 'policy') },
        encoding: 'utf8',
      })
      return { status, text: stdout + stderr }
    }
    const { status, text } = check(join(folder, 'grant.zip'))
    expect(text.match(/^\d\./gm)).toEqual(['1.', '2.', '3.', '4.', '5.', '6.'])
    expect(status).toBe(0)
  })

  it('of a session and of a time hold too', async () => {
    const one = await verify(await exported(priya, 'session.zip', sessions[0] ?? ''))
    expect(one.verdict.findings).toEqual([])
    expect(one.code).toBe(0)
    const until = world.clock.now().wall
    const hour = new Date(until - 3_600_000).toISOString()
    const time = ['--from', hour, '--to', new Date(until + 60_000).toISOString()]
    const range = await verify(await exported(priya, 'range.zip', ...time))
    expect(range.verdict.findings).toEqual([])
    // The logs go on: nothing after the time is there yet.
    expect(range.code).toBe(4)
  })

  it('attack 6: is for who may read it; the attempt of anybody else is on record', async () => {
    const eve = await world.signIn('eve')
    for (const what of [grant, sessions[0] ?? '']) {
      const file = join(folder, 'eve.zip')
      const { code, err } = await cli(eve, 'evidence', 'export', what, '-o', file)
      expect(code).toBe(1)
      expect(err).toMatch(/not yours/)
      expect(existsSync(file)).toBe(false)
    }
    const entries: string[] = []
    for await (const { type, outcome } of world.server.store.control.entries(0))
      if (type.startsWith('evidence.')) entries.push(`${type} ${outcome}`)
    expect(entries.filter(entry => entry === 'evidence.refused refused')).toHaveLength(2)
    expect(entries.filter(entry => entry === 'evidence.exported read').length).toBeGreaterThanOrEqual(4)
  })
})
