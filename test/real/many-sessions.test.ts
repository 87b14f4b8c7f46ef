/** Two hundred live sessions end together; an idle one ends alone; a target that dies takes only its own sessions along. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { psql, run } from './psql.ts'
import { missing } from './servers/missing.ts'
import { libpq, startWorld, type World } from './world.ts'

const SESSIONS = 200

describe.skipIf(missing('postgres15', 'psql').length > 0)('sessions', () => {
  let world: World
  afterEach(() => world.close())

  it(`revoke closes ${SESSIONS} live sessions and leaves nothing at the target (requirement 11)`, async () => {
    world = await startWorld()
    const { api, grant } = await world.open()
    const credential = await world.connect(api, grant)
    const crowd = spawn(
      process.execPath,
      [join(import.meta.dirname, 'clients', 'crowd.mjs'), String(SESSIONS)],
      {
        env: libpq(credential),
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let said = ''
    crowd.stdout.on('data', chunk => (said += String(chunk)))
    const left = once(crowd, 'exit')
    await expect.poll(() => said).toContain('ready')
    const priya = await world.signIn('priya')
    const beganWall = Date.now()
    const began = performance.now()
    await priya.post(`/v1/grants/${grant}/revoke`)
    const answered = performance.now() - began
    await left
    const closed = Number(/ended (\d+)/.exec(said)?.[1]) - beganWall
    expect(said).toMatch(/revoked/)
    const gone = async (): Promise<number> =>
      (await world.admin("select 1 from pg_stat_activity where usename like 'bg\\_%'")).length +
      (await world.admin("select 1 from pg_roles where rolname like 'bg\\_%' and rolcanlogin")).length
    await expect.poll(gone, { interval: 20 }).toBe(0)
    const clean = performance.now() - began
    console.log(
      `\n${SESSIONS} live sessions: revoke answered after ${answered.toFixed(0)} ms, all closed after ${closed.toFixed(0)} ms, target clean after ${clean.toFixed(0)} ms`,
    )
    const { sessions } = await priya.get<{ sessions: { reason?: string }[] }>('/v1/sessions')
    expect(sessions.filter(({ reason }) => reason === 'revoked')).toHaveLength(SESSIONS)
  })

  it('an idle session ends, one that works does not', async () => {
    world = await startWorld({ procedure: text => text.replace('most: 1h,', 'most: 1h, idle: 2s,') })
    const { api, grant } = await world.open()
    const credential = await world.connect(api, grant)
    const working = psql(credential, "select pg_sleep(4); select 'worked'")
    working.child.stdin?.end()
    const idle = psql(credential)
    idle.send('select 1;')
    const priya = await world.signIn('priya')
    const ended = async (): Promise<(string | undefined)[]> => {
      const { sessions } = await priya.get<{ sessions: { reason?: string }[] }>('/v1/sessions')
      return sessions.map(({ reason }) => reason)
    }
    // psql hears of it when it next speaks.
    await expect.poll(ended).toContain('idle')
    idle.send('select 2;')
    await idle.gone
    expect(idle.output()).toContain('nothing was done')
    expect((await working.gone).code).toBe(0)
    expect(working.answer()).toContain('worked')
    // The grant goes on.
    expect(await run(credential, 'select 3')).toBe('3')
  })

  it('a target that dies in mid-result ends its sessions natively and nothing else', async () => {
    world = await startWorld()
    const { api, grant } = await world.open()
    const credential = await world.connect(api, grant)
    const reading = psql(
      credential,
      'copy (select repeat(md5(generate_series(1, 400000000)::text), 8)) to stdout',
    )
    await expect.poll(() => reading.answer().length).toBeGreaterThan(1_000)
    await world.target.stop()
    const { code } = await reading.gone
    expect(code).not.toBe(0)
    expect(reading.output()).toMatch(/FATAL|terminat|closed|lost/i)
    await expect(run(credential, 'select 1')).rejects.toThrow(/cannot be reached|unreachable|refused|FATAL/i)
    expect(await api.get<{ state: string }>(`/v1/grants/${grant}`)).toMatchObject({ state: 'active' })
    expect(await fetch(`${world.server.url}/v1/health`).then(({ status }) => status)).toBe(200)
  })
})
