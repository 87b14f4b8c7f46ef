import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { cancelRequest } from '../../../src/protocols/postgres/messages/encode.ts'
import type { SessionEnd } from '../../../src/target/action.ts'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'
import { temporaryFolder } from '../../support/real-journal.ts'
import { until } from '../../support/wait.ts'

const EXPIRED: SessionEnd = {
  reason: 'expired',
  text: 'breakglass: your access to shop-db ended at 12:00:00 UTC.',
}

describe.skipIf(missing('postgres15', 'psql').length > 0)('how sessions end', () => {
  let lab: Lab
  const open: RawClient[] = []
  const login = async () => {
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    open.push(client)
    return client
  }
  const backends = async () =>
    (
      await lab.admin(`select count(*)::int as n from pg_stat_activity where usename = '${lab.loginName}'`)
    )[0]?.['n']
  const settled = async (wanted: number): Promise<void> => {
    await until(async () => (await backends()) === wanted, `${wanted} backends`)
  }
  beforeAll(async () => {
    lab = await openLab()
    await lab.admin('create table public.copied (line text); grant all on public.copied to public')
  })
  afterEach(() => {
    for (const client of open.splice(0)) client.destroy()
  })
  afterAll(() => lab.close())

  const busy: readonly {
    readonly name: string
    readonly start: (client: RawClient) => Promise<void> | void
  }[] = [
    { name: 'an open transaction', start: async client => void (await client.ask([say.query('begin')])) },
    {
      name: 'a failed transaction',
      start: async client => void (await client.ask([say.query('begin; select 1/0')])),
    },
    {
      name: 'a loop that catches cancels',
      start: client =>
        client.send(
          say.query(
            'do $$ begin loop begin perform pg_sleep(1); exception when query_canceled then null; end; end loop; end $$',
          ),
        ),
    },
    {
      name: 'COPY in',
      start: async client => {
        client.send(say.query('copy copied from stdin'))
        await client.until('G')
        client.send(say.copyData('half a li'))
      },
    },
    {
      name: 'an endless COPY out nobody reads',
      start: async client => {
        client.send(say.query("copy (select repeat('x', 1000) from generate_series(1, 10000000)) to stdout"))
        await client.until('H')
        client.stream.pause()
      },
    },
    {
      name: 'a pipeline without Sync',
      start: client =>
        client.send(say.parse('', 'select pg_sleep(60)'), say.bind('', ''), say.execute(''), say.flush()),
    },
  ]

  it.each(busy)(
    'requirement 11: $name ends at once, the client is told why, the target is left',
    async ({ start }) => {
      const client = await login()
      const session = lab.sessions.at(-1)
      await start(client)
      await new Promise(resolve => setTimeout(resolve, 60))
      session?.guard.end(EXPIRED)
      await expect(session?.end).resolves.toEqual(EXPIRED)
      client.stream.resume()
      await client.untilClosed()
      if (!client.stream.isPaused() && client.tags().at(-1) === 'E') {
        expect(client.errors().at(-1)).toBe(`57P01 ${EXPIRED.text}`)
      }
      const guard = session?.guard
      expect(guard?.outcomes.size).toBe(guard?.actions.length)
      await lab.protocol.control(lab.target).terminate(lab.loginName)
      await settled(0)
    },
  )

  it('requirement 11: the idle psql of a person shows the reason and the warnings before', async () => {
    const folder = await temporaryFolder('over')
    const [began, over] = ['began', 'over'].map(name => join(folder.path, name)) as [string, string]
    const waits = `\\! touch ${began}; until [ -e ${over} ]; do sleep 0.05; done`
    const ran = lab.run('psql', ['-X', '-A', '-t'], {}, `select 'here';\n${waits}\nselect 'after';\n`)
    await until(() => existsSync(began))
    const guard = lab.guard()
    guard.notice('breakglass: 5 minutes left.')
    guard.end(EXPIRED)
    await lab.sessions.at(-1)?.end
    writeFileSync(over, '')
    const { err, out, code } = await ran
    expect(out).toBe('here\n')
    await folder.remove()
    expect(err).toContain('NOTICE:  breakglass: 5 minutes left.')
    expect(err).toContain(`FATAL:  ${EXPIRED.text}`)
    expect(code).toBe(2)
  })

  it('a notice comes between messages, never inside one', async () => {
    const client = await login()
    const guard = lab.guard()
    client.send(say.query("select repeat('x', 20000000)"))
    await client.until('T')
    for (let i = 0; i < 20; i++) guard.notice(`note ${i}`)
    await client.until('N', 20)
    await client.until('Z')
    expect(client.received.find(one => one.tag === 'D')?.body.length).toBe(20_000_006)
  })

  it('the target goes away: the client is told', async () => {
    const client = await login()
    const session = lab.sessions.at(-1)
    await lab.admin(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${lab.loginName}'`,
    )
    await client.untilClosed()
    expect(client.errors()[0]).toMatch(/^57P01 terminating connection/)
    await expect(session?.end).resolves.toMatchObject({ reason: 'target' })
  })

  it('the client vanishes: what ran for it is cancelled and recorded as unanswered', async () => {
    const client = await login()
    const session = lab.sessions.at(-1)
    client.send(say.query('select pg_sleep(60)'))
    await until(() => session?.guard.actions.length !== 0)
    await new Promise(resolve => setTimeout(resolve, 100))
    client.destroy()
    await expect(session?.end).resolves.toMatchObject({ reason: 'client' })
    expect(session?.guard.about('pg_sleep').outcome?.error?.code).toBe('08006')
    await settled(0)
  })

  it('Terminate behind a pipeline: the target finishes what was asked, as it would without us', async () => {
    const client = await login()
    const session = lab.sessions.at(-1)
    client.send(say.query("insert into orders (customer) values ('last')"), say.terminate())
    await expect(session?.end).resolves.toMatchObject({ reason: 'client' })
    expect(await lab.admin("select count(*)::int as n from orders where customer = 'last'")).toEqual([
      { n: 1 },
    ])
    expect(session?.guard.about('last').outcome).toMatchObject({ rows: 1 })
  })

  it('attack 15: Ctrl-C cancels the own session, and is recorded', async () => {
    const child = spawn('psql', ['-X', '-c', 'select pg_sleep(60)'], {
      env: lab.environment(),
      stdio: 'pipe',
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await asleep()
    child.kill('SIGINT')
    await once(child, 'close')
    expect(said).toContain('canceling statement due to user request')
    expect(lab.guard().actions.map(one => one.kind)).toEqual(['query', 'cancel'])
    expect(lab.guard().about('pg_sleep').outcome?.error?.code).toBe('57014')
  })

  /** Resolves when the target has begun what it is asked to sleep. */
  const asleep = () =>
    expect
      .poll(() =>
        lab.admin(
          "select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and wait_event = 'PgSleep'",
        ),
      )
      .toHaveLength(1)

  /** A session of its own, and the two parts of its cancel key. */
  const keyed = async () => {
    const client = await RawClient.connect(lab.port)
    open.push(client)
    await client.startTls()
    client.listen()
    await client.authenticate(LOGIN, SECRET, {})
    const { body } = await client.until('K')
    await client.until('Z')
    client.received.length = 0
    return { client, pid: body.readInt32BE(0), key: body.subarray(4) }
  }

  /** As libpq does it: the request has been acted on when the connection closes. */
  const cancel = async (bytes: Buffer) => {
    const socket = connect(lab.port, '127.0.0.1')
    socket.write(bytes)
    socket.resume()
    await once(socket, 'close')
  }

  it('a cancel that came too late does not hit the next statement', async () => {
    const { client, pid, key } = await keyed()
    for (let round = 0; round < 8; round++) {
      await cancel(cancelRequest(pid, key))
      client.received.length = 0
      client.send(say.query('select pg_sleep(0.05)'))
      await client.until('Z')
      expect(client.errors()).toEqual([])
    }
    client.send(say.terminate())
    await client.untilClosed()
  })

  it('attack 15: a cancel with a wrong key, or the key of an ended session, cancels nothing', async () => {
    const { client, pid, key } = await keyed()
    client.send(say.query('select pg_sleep(60)'))
    await asleep()
    await cancel(cancelRequest(pid, Buffer.from([1, 2, 3, 4])))
    await cancel(cancelRequest(pid ^ 1, key))
    await cancel(cancelRequest(pid, Buffer.concat([key, Buffer.alloc(1)])))
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(client.tags()).toBe('')
    await cancel(cancelRequest(pid, key))
    await client.until('Z')
    expect(client.errors()[0]).toContain('57014')
    client.send(say.terminate())
    await client.untilClosed()
    await cancel(cancelRequest(pid, key))
    expect(lab.guard().actions.filter(one => one.kind === 'cancel')).toHaveLength(1)
  })
})
