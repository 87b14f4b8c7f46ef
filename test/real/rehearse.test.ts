import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from './servers/missing.ts'
import { psql, type Psql } from './psql.ts'
import { startWorld, type Api, type World } from './world.ts'
import { until } from '../support/wait.ts'

interface Rehearsals {
  readonly rehearsals: readonly {
    readonly session: string
    readonly undone_at: string
    readonly writes: readonly { readonly what: string; readonly rows: number; readonly shown: string }[]
  }[]
}

interface Entry {
  readonly type: string
  readonly outcome?: string
  readonly data: {
    readonly n?: number
    readonly kind?: string
    readonly verbs?: string[]
    readonly error?: string
  }
  readonly content?: {
    readonly text?: string
    readonly inverse?: string
    readonly detail?: Record<string, unknown>
  }
}

describe.skipIf(missing('postgres15', 'psql').length > 0)('rehearsed writes, the whole way', () => {
  let world: World
  let api: Api
  let grant: string
  let session: Psql
  beforeAll(async () => {
    world = await startWorld({
      procedure: text =>
        text.replace('scope: { use: repair,', 'scope: { use: repair, rehearse: { within: 5m },'),
    })
    ;({ api, grant } = await world.open())
  })
  afterAll(async () => {
    await session?.stop()
    await world.close()
  })

  const connect = async (): Promise<Psql> => psql(await world.connect(api, grant))
  const held = async () => (await api.get<Rehearsals>(`/v1/grants/${grant}/rehearsals`)).rehearsals
  const paid = async () =>
    (await world.admin<{ n: number }>("select count(*)::int as n from orders where status = 'x'"))[0]?.n
  const write = "update orders set status = 'x' where id < 4;"

  it('psql sees what changed; nobody decides in time: rolled back, the locks are free', async () => {
    session = await connect()
    session.send(write)
    await until(() => session.output().includes('HINT'))
    expect(session.output()).toContain(
      'NOTICE:  breakglass: held, not kept yet: UPDATE public.orders, 3 rows',
    )
    expect(session.output()).toContain(' 1  | paid → x')
    expect(await held()).toMatchObject([{ writes: [{ what: 'UPDATE public.orders', rows: 3 }] }])
    world.clock.pass(290_000)
    expect(await held()).toHaveLength(1)
    world.clock.pass(11_000)
    await until(async () => (await held()).length === 0)
    await world.admin("update orders set status = 'paid' where id < 4")
    session.send('commit;')
    const { code } = await session.gone
    expect(code).toBe(3)
    expect(session.output()).toContain('the held writes were rolled back: nobody decided in time')
    expect(await paid()).toBe(0)
  })

  it('requirement 16: only the owner sees and decides; kept through the API; all of it on record', async () => {
    session = await connect()
    session.send(write)
    await until(async () => (await held()).length === 1)
    const [one] = await held()
    const path = `/v1/grants/${grant}/rehearsals`
    const decide = (by: Api, decision: string) => by.post(path, { session: one?.session, decision })
    for (const other of ['ben', 'mara', 'priya']) {
      const stranger = await world.signIn(other)
      await expect(stranger.get(path)).rejects.toMatchObject({
        status: expect.toSatisfy((s: number) => s === 403 || s === 404),
      })
      await expect(decide(stranger, 'keep')).rejects.toMatchObject({
        code: expect.stringMatching(/forbidden|not_found/) as unknown,
      })
    }
    expect(await paid()).toBe(0)
    await decide(api, 'keep')
    expect(await paid()).toBe(3)
    await expect(decide(api, 'undo')).rejects.toMatchObject({ code: 'not_found' })
    await session.stop()

    const priya = await world.signIn('priya')
    const replay = async (): Promise<Entry[]> => {
      const response = await fetch(`${world.server.url}/v1/sessions/${one?.session}/actions`, {
        headers: { authorization: `Bearer ${priya.token}` },
      })
      return (await response.text())
        .trim()
        .split('\n')
        .slice(1)
        .map(line => JSON.parse(line) as Entry)
    }
    await until(async () => (await replay()).some(entry => entry.type === 'session.closed'))
    const entries = await replay()
    const rehearsal = entries.find(entry => entry.data.kind === 'rehearsal')
    expect(rehearsal?.content?.inverse).toContain('UPDATE "public"."orders"')
    const decision = entries.findIndex(entry => entry.data.kind === 'decision')
    expect(entries[decision]).toMatchObject({ data: { verbs: ['keep'] }, content: { detail: { by: 'api' } } })
    expect(decision).toBeGreaterThan(entries.findIndex(entry => entry === rehearsal))
    expect(
      entries.find(entry => entry.type === 'result' && entry.data.n === rehearsal?.data.n)?.outcome,
    ).toBe('done')
    await world.admin(String(rehearsal?.content?.inverse))
    expect(await paid()).toBe(0)
  })

  it('the grant is closed while something is held: nothing of it stays', async () => {
    session = await connect()
    session.send(write)
    await until(async () => (await held()).length === 1)
    await api.post(`/v1/grants/${grant}/close`)
    await until(
      async () =>
        (await world.admin("select 1 from pg_stat_activity where usename like 'bg\\_%'")).length === 0,
    )
    expect(await paid()).toBe(0)
  })
})
