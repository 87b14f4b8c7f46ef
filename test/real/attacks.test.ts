/** Attacks and requirements of the security list that need the whole path. */
import { connect, Socket } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { psql, run } from './psql.ts'
import { missing } from './servers/missing.ts'
import { type Api, type Credential, startWorld, type World } from './world.ts'

describe.skipIf(missing('postgres15', 'psql').length > 0)('attacks', () => {
  let world: World
  let ana: Api
  let grant: string
  let credential: Credential

  beforeAll(async () => {
    world = await startWorld()
    const opened = await world.open()
    ana = opened.api
    grant = opened.grant
    credential = await world.connect(ana, grant)
  })
  afterAll(() => world.close())

  const events = async (type: string): Promise<number> => {
    let count = 0
    for await (const entry of world.server.store.control.entries(0)) if (entry.type === type) count++
    return count
  }

  it('attack 4: the requester changes nothing of their own request; the attempt is on record', async () => {
    const before = await events('attempt.refused')
    const asked = await world.signIn('ben')
    await world.incident({ id: 'INC-2', declared_by: 'ben@acme.example' })
    world.clock.pass(31_000)
    const ben = await world.signIn('ben')
    const wish = { target: 'orders-db', reason: 'mine', status: 'active', approver: 'mara' }
    await expect(ben.post('/v1/grants', wish)).rejects.toMatchObject({ status: 400 })
    expect(asked.token).not.toBe(ben.token)
    const incidents = await ben.get<{ incidents: { id: string; declared_by: string }[] }>('/v1/incidents')
    const own = incidents.incidents.find(({ declared_by }) => declared_by === 'ben')
    const { id, state } = await ben.post<{ id: string; state: string }>('/v1/grants', {
      target: 'orders-db',
      reason: 'mine',
      incident: own?.id,
    })
    expect(state).toBe('verified')
    await expect(ben.post(`/v1/grants/${id}/approve`)).rejects.toMatchObject({
      code: 'grant.own',
      status: 403,
    })
    expect(await events('attempt.refused')).toBe(before + 1)
    const mara = await world.signIn('mara')
    await mara.post(`/v1/grants/${id}/deny`, { reason: 'declared by the requester' })
  })

  it('attack 5: a secret from another address is refused, and that is a finding', async () => {
    expect(await run(credential, 'select 1')).toBe('1')
    const before = await events('finding.raised')
    await expect(login({ localAddress: '127.0.0.2' })).rejects.toThrow(/another address/)
    await expect.poll(() => events('finding.raised')).toBe(before + 1)
  })

  it('attack 5: a secret after the end is refused with the reason, and that is a finding', async () => {
    const other = await world.open()
    const late = await world.connect(other.api, other.grant)
    await other.api.post(`/v1/grants/${other.grant}/close`)
    const before = await events('finding.raised')
    const session = psql(late, 'select 1')
    await session.gone
    expect(session.output()).toMatch(/closed by its owner|ended: completed/)
    await expect.poll(() => events('finding.raised')).toBe(before + 1)
  })

  it('attack 6: what is not yours is neither listed nor replayed, and the attempt is on record', async () => {
    await run(credential, "select 'a secret of ana'")
    const ben = await world.signIn('ben')
    const mine = await ana.get<{ sessions: { id: string }[] }>('/v1/sessions')
    const listed = await ben.get<{ sessions: { id: string }[] }>('/v1/sessions')
    expect(listed.sessions.map(({ id }) => id)).not.toContain(mine.sessions[0]?.id)
    const before = await events('recording.refused')
    const path = `/v1/sessions/${mine.sessions[0]?.id}/actions`
    await expect(ben.get(path)).rejects.toMatchObject({ status: 403 })
    expect(await events('recording.refused')).toBe(before + 1)
    await expect(ben.get(`/v1/grants/${grant}`)).resolves.toBeDefined()
    const attempts = await events('attempt.refused')
    const eve = await world.signIn('eve')
    await expect(eve.get(`/v1/grants/${grant}`)).rejects.toMatchObject({ status: 403 })
    await expect.poll(() => events('attempt.refused')).toBe(attempts + 1)
  })

  it('requirement 16: a login for one grant does not open another, an id of another kind is not found', async () => {
    await expect(ana.get(`/v1/sessions/${grant}/actions`)).rejects.toMatchObject({ status: 404 })
    await expect(ana.post('/v1/grants/s_0/revoke')).rejects.toMatchObject({ status: 404 })
  })

  it('attack 13: a database name is literal, whatever it looks like', async () => {
    for (const database of ['orders host=evil', 'orders\nhost=evil', "orders' --", 'postgres']) {
      await expect(login({ database })).rejects.toThrow(/database|input|name/i)
    }
  })

  it('attack 13: a thousand half-open sockets cost nobody anything', async () => {
    const sockets = Array.from({ length: 1_000 }, () =>
      connect(credential.port, credential.host).on('error', () => undefined),
    )
    try {
      expect(await run(credential, 'select 1')).toBe('1')
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })

  it('requirement 13: absolute refusals survive elevation', async () => {
    for (const sql of [
      'set role orders_owner',
      'reset role',
      'set session authorization default',
      "prepare transaction 'x'",
    ]) {
      await expect(run(credential, sql), sql).rejects.toThrow(/42501|refuse|ERROR/)
    }
  })

  it('requirement 14: of two overlapping grants the end of one cuts nothing of the other', async () => {
    const second = await world.open()
    const other = await world.connect(second.api, second.grant)
    const staying = psql(credential)
    const leaving = psql(other)
    staying.send('select 1;')
    leaving.send('select 1;')
    await expect.poll(() => `${staying.output()}${leaving.output()}`).toMatch(/1\s+1/)
    await second.api.post(`/v1/grants/${second.grant}/close`)
    leaving.send('select 2;')
    await leaving.gone
    staying.send("select 'st' || 'aying';")
    await expect.poll(() => staying.output()).toContain('staying')
    await staying.stop()
  })

  it('requirement 15: no standing secret is shown, and what the log holds names nobody', async () => {
    const texts: string[] = []
    for await (const entry of world.server.store.control.entries(0)) texts.push(entry.bytes.toString())
    for await (const entry of world.server.store.sessions.entries(0)) texts.push(entry.bytes.toString())
    const all = texts.join('\n')
    for (const secret of [
      credential.secret,
      'of-the-target',
      'correct horse',
      'checkout is down',
      'a secret of ana',
      '127.0.0.1',
    ]) {
      expect(all, secret).not.toContain(secret)
    }
    expect(all).not.toMatch(/\b(ana|ben|mara|priya)\b/)
  })

  it('requirement 22: opening, denial, end and finding were told on both channels', async () => {
    for (const receiver of [world.receiver, world.second]) {
      const types = (): readonly string[] => receiver.received.map(({ type }) => type)
      for (const type of [
        'grant.requested',
        'grant.activated',
        'grant.denied',
        'grant.ended',
        'finding.raised',
      ]) {
        await expect.poll(types).toContain(type)
      }
    }
  })

  async function login(change: { localAddress?: string; database?: string }): Promise<void> {
    const { localAddress, database = credential.database } = change
    const stream = new Socket()
    // The driver connects by itself; only where from is ours to say.
    const dial = stream.connect.bind(stream)
    const at = {
      port: credential.port,
      host: credential.host,
      ...(localAddress !== undefined && { localAddress }),
    }
    stream.connect = () => dial(at)
    const client = new pg.Client({
      stream: () => stream,
      host: credential.host,
      user: credential.login,
      password: credential.secret,
      database,
      ssl: { rejectUnauthorized: false },
    })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('select 1')
    } finally {
      await client.end().catch(() => undefined)
    }
  }
})
