/** Evidence of real grants and sessions, taken out and verified by others (issue C, 7 and 8). */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grants as grantSlice } from '../../src/grant/slice.ts'
import { people } from '../../src/identity/people.ts'
import { sha256Hex } from '../../src/kernel/bytes.ts'
import type { BundleVerdict } from '../../src/ledger/bundle/verdict.ts'
import { reviews } from '../../src/review/slice.ts'
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
  })
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

  describe('erased', () => {
    const YEAR = 366 * 86_400_000
    let mara: Api
    /** Digest of what the log is folded into and what decides. */
    const state = (): string => {
      const all = [grantSlice, reviews, people].map(slice => [
        ...world.server.journal.state.all<unknown>(slice),
      ])
      return sha256Hex(JSON.stringify(all))
    }
    const erase = (api: Api, body: Record<string, string>) =>
      api.post('/v1/evidence/erasures', { reason: 'asked for by the data protection officer', ...body })
    const content = async (api: Api, id: string): Promise<readonly (readonly [boolean, boolean])[]> => {
      const response = await fetch(`${world.server.url}/v1/sessions/${id}/actions`, {
        headers: { authorization: `Bearer ${api.token}` },
      })
      const [, ...entries] = (await response.text()).trim().split('\n')
      return entries.map(line => {
        const { content: sealed, erased } = JSON.parse(line) as { content?: unknown; erased?: true }
        return [sealed !== undefined, erased === true] as const
      })
    }

    it('requirement 21: only by administrators with a fresh factor, and nothing that is too young or still needed', async () => {
      const session = sessions[0] ?? ''
      await expect(erase(priya, { session })).rejects.toMatchObject({ code: 'forbidden' })
      mara = await world.signIn('mara')
      await expect(erase(mara, { session })).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('kept for 365d'),
      })
      const ana = world.server.identity.personOf('ana') ?? ''
      await expect(erase(mara, { person: 'ana' })).rejects.toThrow(/may still act/)
      await expect(erase(mara, { session, person: ana })).rejects.toMatchObject({ code: 'input.invalid' })
      await expect(erase(mara, { session: 's_01890000-0000-7000-8000-000000000000' })).rejects.toMatchObject({
        code: 'not_found',
      })

      world.clock.pass(YEAR)
      mara = await world.signIn('mara')
      world.clock.pass(180_000)
      await expect(erase(mara, { session })).rejects.toMatchObject({ code: 'identity.step_up_required' })
      mara = await world.signIn('mara')
      await expect(erase(mara, { session, reason: ' ' })).rejects.toMatchObject({ code: 'input.invalid' })
      expect(await content(await world.signIn('priya'), session)).not.toContainEqual([false, true])
    })

    it('a session is gone from replay, search and bundle; other sessions, proofs and every decision stay', async () => {
      const [session = '', other = ''] = sessions
      priya = await world.signIn('priya')
      const before = await verify(await exported(priya, 'before.zip', grant))
      const records = readdirSync(join(world.data, 'vault', 'records'))
      mara = await world.signIn('mara')
      const decided = state()
      await erase(mara, { session })
      expect(state()).toBe(decided)

      const read = await content(priya, session)
      expect(read).toContainEqual([false, true])
      expect(read).not.toContainEqual([true, false])
      expect(await content(priya, other)).not.toContainEqual([false, true])
      const after = await verify(await exported(priya, 'after.zip', grant))
      expect([after.code, after.verdict.findings]).toEqual([0, []])
      const [was, is] = [before, after].map(({ verdict }) =>
        verdict.parts.find(({ log }) => log === 'sessions'),
      )
      expect(is?.payloads.erased).toBeGreaterThan(0)
      expect((is?.payloads.erased ?? 0) + (is?.payloads.open ?? 0)).toBe(was?.payloads.open)
      // The receipt of before: the same entries under an older head.
      expect((await verify(join(folder, 'before.zip'))).code).toBe(0)
      // The file of the key is gone; the count of its erasures is there instead.
      const left = readdirSync(join(world.data, 'vault', 'records'))
      expect(records.filter(name => !left.includes(name))).toHaveLength(1)
      await expect(erase(await world.signIn('mara'), { session })).rejects.toThrow(/erased already/)
    })

    it('a key that comes back with a restored vault is destroyed at the next start', async () => {
      const session = sessions[1] ?? ''
      const folderOfKeys = join(world.data, 'vault', 'records')
      const copy = mkdtempSync(join(folder, 'vault-'))
      cpSync(folderOfKeys, copy, { recursive: true })
      await erase(await world.signIn('mara'), { session })
      priya = await world.signIn('priya')
      const decided = state()
      await world.handOver()
      cpSync(copy, folderOfKeys, { recursive: true })
      await world.restart()
      await expect.poll(() => content(priya, session)).not.toContainEqual([true, false])
      expect(world.server.store.keys.find(`session/${session}`)).toBeUndefined()
      expect(state()).toBe(decided)
    })

    it('a person: what they wrote and who they were; what they did stays under the pseudonym', async () => {
      const ana = world.server.identity.personOf('ana')
      if (!ana) throw new Error('no ana')
      await world.server.identity.disablePerson({ person: ana })
      mara = await world.signIn('mara')
      const decided = state()
      await erase(mara, { person: 'ana' })
      expect(state()).toBe(decided)
      expect(world.server.identity.handleOf(ana)).toBeUndefined()
      priya = await world.signIn('priya')
      const shown = await priya.get<{ reason?: string }>(`/v1/grants/${grant}`)
      expect(shown.reason).toBeUndefined()
      const { code, verdict } = await verify(await exported(priya, 'person.zip', grant))
      expect([code, verdict.findings]).toEqual([0, []])
      expect(verdict.parts.find(({ log }) => log === 'control')?.payloads.erased).toBeGreaterThan(0)
      expect(verdict.grant?.person).toBe(ana)

      await world.handOver()
      const checked = await breakglass({ url: 'http://127.0.0.1:1' }, [
        'ledger',
        'verify',
        world.data,
        '--json',
      ])
      expect((JSON.parse(checked.out) as { findings: unknown[] }).findings).toEqual([])
      await world.restart()
      expect(world.server.identity.handleOf(ana)).toBeUndefined()
    })
  })
})
