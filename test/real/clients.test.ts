/** The clients people use, unchanged, through a grant (issue A, "Shows"). */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from './psql.ts'
import { missing } from './servers/missing.ts'
import { type Credential, libpq, startWorld, type World } from './world.ts'

const execute = promisify(execFile)
const PSYCOPG = '/usr/lib/python3/dist-packages/psycopg2'
const JDBC = '/usr/share/java/postgresql.jar'

describe.skipIf(missing('postgres15', 'psql', 'pg_dump').length > 0)('native clients', () => {
  let world: World
  let credential: Credential
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bg-clients-'))
    world = await startWorld()
    const { api, grant } = await world.open()
    credential = await world.connect(api, grant)
  }, 60_000)
  afterAll(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const client = (command: string, args: readonly string[], env: Record<string, string> = {}) =>
    execute(command, args, {
      env: { ...libpq(credential), ...env },
      timeout: 50_000,
      maxBuffer: 64 * 1024 * 1024,
    })

  it('psql: statements, \\copy both ways, variables, an error that leaves the connection usable', async () => {
    const file = join(folder, 'orders.csv')
    const script = join(folder, 'script.sql')
    writeFileSync(
      script,
      `\\set ON_ERROR_STOP off
\\copy (select * from orders where id <= 1000 order by id) to '${file}' csv
drop table orders;
select 'alive';
begin; update orders set status = 'x' where id = 1; rollback;
select status from orders where id = 1;
\\gset
select :'status' as again;
`,
    )
    const { stdout, stderr } = await client('psql', ['-X', '-qAt', '-f', script])
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1000)
    expect(stderr).toMatch(/ERROR: {2}.*ddl/s)
    expect(stderr).toContain('HINT:')
    expect(stdout).toContain('alive')
  })

  it('Ctrl-C ends the statement and not the session', async () => {
    const began = performance.now()
    // A terminal of its own, as psql takes the signal only there.
    const { stdout } = await client('/usr/bin/python3', [join(import.meta.dirname, 'clients', 'ctrl_c.py')], {
      TERM: 'dumb',
    })
    expect(stdout).toContain('canceling statement due to user request')
    expect(stdout).toContain('still here')
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  it('pg_dump -j 2 writes a directory that pg_restore reads back equal', async () => {
    const dump = join(folder, 'dump')
    await client('pg_dump', [
      '-Fd',
      '-j',
      '2',
      '-t',
      'public.orders',
      '--no-owner',
      '--no-privileges',
      '-f',
      dump,
    ])
    await world.admin('create schema if not exists scratch')
    const { stdout } = await execute('pg_restore', ['--data-only', '-f', '-', dump], {
      maxBuffer: 64 * 1024 * 1024,
    })
    expect(stdout.match(/^\d+\tpaid\t\d+$/gm)).toHaveLength(5000)
    const list = await execute('pg_restore', ['-l', dump])
    expect(list.stdout).toContain('TABLE DATA public orders')
    const target = world.target.adminUrl.replace(/\/postgres$/, '/postgres')
    await execute('pg_restore', ['--no-owner', '-j', '2', '-d', target, dump])
    const copied = await execute('psql', [
      '-X',
      '-qAt',
      target,
      '-c',
      'select count(*), sum(total) from orders',
    ])
    expect(copied.stdout.trim()).toBe(await run(credential, 'select count(*), sum(total) from orders'))
  })

  it.skipIf(!existsSync(PSYCOPG))(
    'psycopg2: simple, prepared, batch, COPY, refusal, named cursor',
    async () => {
      const { stdout } = await client('/usr/bin/python3', [
        join(import.meta.dirname, 'clients', 'psycopg.py'),
      ])
      expect(stdout.trim()).toBe('ok')
    },
  )

  it.skipIf(!existsSync(JDBC) || !existsSync('/usr/bin/java')).each([
    ['extended, prepared at once', ''],
    ['simple', '&preferQueryMode=simple'],
    ['binary transfer', '&binaryTransfer=true'],
  ])(
    'JDBC, %s: prepared, batch, COPY, refusal, fetch size',
    async (_, mode) => {
      const source = join(import.meta.dirname, 'clients', 'Jdbc.java')
      const { stdout } = await client('java', ['-cp', JDBC, source, mode], {
        PATH: process.env['PATH'] ?? '',
      })
      expect(stdout.trim()).toBe('ok')
    },
    60_000,
  )

  it('everything they did is on record, and a reader of it leaves a trace', async () => {
    const priya = await world.signIn('priya')
    const { sessions } = await priya.get<{ sessions: { id: string; actions: number }[] }>('/v1/sessions')
    expect(sessions.length).toBeGreaterThan(5)
    expect(sessions.reduce((sum, { actions }) => sum + actions, 0)).toBeGreaterThan(50)
    const { matches } = await priya.get<{ matches: unknown[] }>('/v1/search?q=still+here')
    expect(matches.length).toBeGreaterThan(0)
  })
})
