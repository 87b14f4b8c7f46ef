/** Portals that SQL makes bear any name, also one that a Bind had: what they run is on record all the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { openLab, LOGIN, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

describe.skipIf(missing('postgres15', 'openssl').length > 0)('an Execute of a portal that SQL made', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab()
  })
  afterAll(() => lab.close())

  const HELD = say.query('declare x cursor with hold for select id from orders order by id')

  async function fetched(before: readonly Buffer[], readies: number): Promise<void> {
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    await client.ask(before, readies)
    const { guard } = lab.sessions.at(-1) ?? {}
    const known = guard?.actions.length ?? 0
    expect(await client.ask([say.execute('x', 3), say.sync()])).toBe('DDDsZ')
    expect(guard?.actions.slice(known)).toMatchObject([{ kind: 'execute', verbs: ['fetch'] }])
    expect(guard?.outcomes.get(known + 1)).toMatchObject({ rows: 3 })
    client.destroy()
  }

  it('is recorded', () => fetched([HELD], 1))

  it('is recorded after a refused Bind of that name', () =>
    fetched([HELD, say.bind('x', 'nobody prepared this'), say.sync()], 2))

  it('is recorded after a Bind of that name that failed', () =>
    fetched([HELD, say.parse('', 'select 1'), say.bind('x', ''), say.sync()], 2))

  it('is recorded after a Bind of that name whose transaction is over', () =>
    fetched([say.parse('', 'select 1'), say.bind('x', ''), say.execute('x'), say.sync(), HELD], 2))

  it('of a Bind, read in parts over several Syncs, it is the Bind that counts', async () => {
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    await client.ask([say.query('begin')])
    await client.ask([
      say.parse('', 'select id from orders'),
      say.bind('x', ''),
      say.execute('x', 3),
      say.sync(),
    ])
    await client.ask([say.execute('x', 4), say.sync()])
    await client.ask([say.query('commit')])
    const { guard } = lab.sessions.at(-1) ?? {}
    expect(guard?.actions.map(({ kind }) => kind)).toEqual(['query', 'parse', 'bind', 'query'])
    expect(guard?.outcomes.get(3)).toMatchObject({ rows: 7 })
    client.destroy()
  })
})
