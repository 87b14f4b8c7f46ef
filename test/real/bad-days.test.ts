/** kill -9, a full disk, a disk that fails, a clock that jumps: what is acknowledged stays, what is open ends. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type ServerProcess, startProcess } from './process.ts'
import { psql, run } from './psql.ts'
import { missing } from './servers/missing.ts'
import { startWorld, type World } from './world.ts'

const ROOT = process.getuid?.() === 0
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const absent = missing('postgres15', 'psql').length > 0

describe.skipIf(absent)('bad days', () => {
  let world: World
  let server: ServerProcess | undefined
  const undo: (() => void)[] = []

  afterEach(async () => {
    await server?.kill()
    server = undefined
    for (const step of undo.splice(0)) step()
    await world.close()
  })

  /** A world whose server was stopped after a grant was opened, ready for a process of its own. */
  async function prepared(options: Parameters<typeof startWorld>[0] = {}) {
    world = await startWorld(options)
    const priya = await world.signIn('priya')
    // Signing in takes a step of 30 s of this world's time and the incident 31 s: the grant then opens a second ago.
    world.clock.catchUp(62_000)
    const ana = await world.signIn('ana')
    const { grant } = await world.open({ api: ana })
    const credential = await world.connect(ana, grant)
    await world.handOver()
    return { priya, grant, credential }
  }

  it('kill -9 in the middle of work: nothing acknowledged is missing, the login is cleaned up after a restart', async () => {
    const { priya, grant, credential } = await prepared()
    server = await startProcess(world.folder, world.server.url)
    for (let round = 1; round <= 2; round++) {
      expect(await run(credential, `select ${round}`)).toBe(String(round))
      const busy = psql(credential, 'select pg_sleep(60)')
      await expect
        .poll(() =>
          world.admin(
            "select 1 from pg_stat_activity where query like '%pg_sleep%' and usename like 'bg\\_%'",
          ),
        )
        .toHaveLength(1)
      await server.kill()
      await busy.gone
      server = await startProcess(world.folder, world.server.url)
    }
    const { sessions } = await priya.get<{ sessions: { id: string; grant: string; reason?: string }[] }>(
      '/v1/sessions',
    )
    const mine = sessions.filter(session => session.grant === grant)
    expect(mine).toHaveLength(4)
    expect(mine.filter(({ reason }) => reason === 'crash')).toHaveLength(2)
    const { matches } = await priya.get<{ matches: unknown[] }>('/v1/search?q=select%202')
    expect(matches).toHaveLength(1)

    // The end while nobody is there: the next start finds it and cleans up.
    await priya.post(`/v1/grants/${grant}/revoke`)
    await server.kill()
    server = await startProcess(world.folder, world.server.url)
    await expect
      .poll(() => world.admin("select rolname from pg_roles where rolname like 'bg\\_%' and rolcanlogin"))
      .toEqual([])
    await expect
      .poll(async () => (await priya.get<{ reviews: unknown[] }>('/v1/reviews')).reviews)
      .toHaveLength(1)
  })

  it('a grant whose time ran out while the process was dead is over at the next start', async () => {
    const { credential, priya, grant } = await prepared()
    server = await startProcess(world.folder, world.server.url)
    expect(await run(credential, 'select 1')).toBe('1')
    await server.kill()
    // Both clocks go on by the length of the grant, which only a server in here can be told.
    world.clock.pass(31 * 60_000)
    await world.takeBack()
    await expect
      .poll(async () => (await priya.get<{ state: string }>(`/v1/grants/${grant}`)).state)
      .toBe('ended')
    await expect
      .poll(() => world.admin("select rolname from pg_roles where rolname like 'bg\\_%' and rolcanlogin"))
      .toEqual([])
  })

  it.skipIf(!existsSync(FAKETIME))(
    'a wall clock set ahead of the end ends the session at once; the figure is printed',
    async () => {
      const { credential } = await prepared()
      const stamp = join(world.folder, 'faketime')
      writeFileSync(stamp, '+0')
      server = await startProcess(world.folder, world.server.url, {
        env: {
          LD_PRELOAD: FAKETIME,
          FAKETIME_TIMESTAMP_FILE: stamp,
          FAKETIME_NO_CACHE: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        },
      })
      const session = psql(credential, 'select pg_sleep(60)')
      await expect
        .poll(() =>
          world.admin(
            "select 1 from pg_stat_activity where query like '%pg_sleep%' and usename like 'bg\\_%'",
          ),
        )
        .toHaveLength(1)
      const at = performance.now()
      writeFileSync(stamp, '+31m')
      const { at: gone } = await session.gone
      expect(session.output()).toContain('its time is over')
      console.log(`\nwall clock +31 min → session ended after ${(gone - at).toFixed(0)} ms`)
    },
  )

  it.skipIf(!existsSync(FAKETIME))(
    'a wall clock set back ends grants as well: log time never goes back',
    async () => {
      const { credential } = await prepared()
      const stamp = join(world.folder, 'faketime')
      writeFileSync(stamp, '+0')
      server = await startProcess(world.folder, world.server.url, {
        env: {
          LD_PRELOAD: FAKETIME,
          FAKETIME_TIMESTAMP_FILE: stamp,
          FAKETIME_NO_CACHE: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        },
      })
      const session = psql(credential, 'select pg_sleep(60)')
      await expect
        .poll(() =>
          world.admin(
            "select 1 from pg_stat_activity where query like '%pg_sleep%' and usename like 'bg\\_%'",
          ),
        )
        .toHaveLength(1)
      writeFileSync(stamp, '-2h')
      await session.gone
      expect(session.output()).toContain('its time is over')
    },
  )

  it.skipIf(!ROOT)(
    'attack 8: the disk fills in mid-session: the session ends, nothing acknowledged is lost, it goes on when there is room',
    async () => {
      const { credential, priya } = await prepared({ config: text => `${text}ledger: { segment: 64KiB }\n` })
      // The data moves to a small file system of its own.
      const small = join(world.folder, 'small')
      mkdirSync(small)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small])
      undo.push(() => execFileSync('umount', ['-l', small]))
      execFileSync('cp', ['-a', `${world.data}/.`, small])
      execFileSync('mount', ['--bind', small, world.data])
      undo.unshift(() => execFileSync('umount', ['-l', world.data]))
      server = await startProcess(world.folder, world.server.url)
      expect(await run(credential, 'select 1')).toBe('1')
      const busy = psql(credential)
      busy.send("select 'answer 0';")
      await expect.poll(() => busy.answer()).toContain('answer 0')
      const ballast = join(small, 'ballast')
      execFileSync('bash', ['-c', `dd if=/dev/zero of=${ballast} bs=4k status=none 2>/dev/null || true`])
      busy.send("select 'answer 0';")
      await expect.poll(() => busy.answer()).toContain('answer 0')
      let acknowledged = 0
      for (let n = 1; n <= 400 && busy.child.exitCode === null; n++) {
        busy.send(`select 'answer ${n}', repeat('x', 2000);`)
        await new Promise(resolve => setTimeout(resolve, 5))
      }
      await busy.gone
      acknowledged = [...busy.output().matchAll(/answer (\d+)/g)].length
      expect(busy.output()).toMatch(/cannot be recorded|cannot be written/)
      await expect(run(credential, 'select 1')).rejects.toThrow(/disk is full|recorded/)
      expect(await fetch(`${world.server.url}/v1/health`).then(({ status }) => status)).toBe(503)
      await expect.poll(() => world.receiver.received.some(({ type }) => type === 'ledger_full')).toBe(true)

      rmSync(ballast)
      await expect.poll(() => fetch(`${world.server.url}/v1/health`).then(({ status }) => status)).toBe(200)
      expect(await run(credential, 'select 2')).toBe('2')
      const { sessions } = await priya.get<{ sessions: { id: string; reason?: string; actions: number }[] }>(
        '/v1/sessions',
      )
      const ended = sessions.find(({ reason }) => reason === 'evidence')
      expect(ended?.actions).toBeGreaterThanOrEqual(acknowledged)
    },
  )
})
