import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodeReport } from '../../../src/protocols/postgres/messages/decode.ts'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

const REHEARSE = { withinMs: 120_000, rows: 100, show: 3 }

describe.skipIf(missing('postgres15', 'psql').length > 0)('rehearsed writes', () => {
  let lab: Lab
  let client: RawClient
  beforeAll(async () => {
    lab = await openLab({ rules: { rehearse: REHEARSE } })
  })
  beforeEach(async () => {
    await lab.admin(
      "delete from orders; insert into orders (id, customer, total) select i, 'c' || i, i from generate_series(1, 100) i",
    )
    client = await RawClient.login(lab.port, LOGIN, SECRET)
  })
  afterEach(() => client.destroy())
  afterAll(() => lab.close())

  const notices = () =>
    client.received
      .filter(one => one.tag === 'N')
      .map(one => {
        const field = (letter: string) =>
          new RegExp(`(?:^|\\0)${letter}([^\\0]*)`).exec(one.body.toString())?.[1] ?? ''
        return { ...decodeReport(one.body, 0, one.body.length), detail: field('D'), hint: field('H') }
      })
  const rows = async (sql: string) => (await lab.admin(sql))[0]?.['n']
  const changed = () => rows("select count(*)::int as n from orders where customer = 'x'")
  const rehearsals = () =>
    lab
      .guard()
      .actions.map((action, index) => ({ action, outcome: lab.guard().outcomes.get(index + 1) }))
      .filter(({ action }) => action.kind === 'rehearsal')

  const written = (rehearsal: ReturnType<typeof rehearsals>[number] | undefined) =>
    String(rehearsal?.action.inverse)
  const state = async () =>
    JSON.stringify(await lab.admin('select id, customer, total::text from orders order by id'))

  it('holds a write of autocommit, shows what changed, and COMMIT keeps it', async () => {
    expect(await client.ask([say.query("update orders set customer = 'x' where id <= 5")])).toBe('NCZ')
    expect(client.status()).toBe('T')
    const [notice] = notices()
    expect(notice?.message).toBe('breakglass: held, not kept yet: UPDATE public.orders, 5 rows')
    expect(notice?.detail).toBe(
      [
        ' id | customer',
        '----+----------',
        ' 1  | c1 → x',
        ' 2  | c2 → x',
        ' 3  | c3 → x',
        '(2 more rows)',
        'Not shown: columns that may not be read: card_number.',
      ].join('\n'),
    )
    expect(notice?.hint).toBe(
      'COMMIT; keeps it, ROLLBACK; undoes it. Undecided it is rolled back in 2 minutes.',
    )
    expect(await changed()).toBe(0)
    const [held] = rehearsals()
    expect(held?.action).toMatchObject({
      text: 'UPDATE public.orders, 5 rows',
      detail: { action: 1, rows: 5, images: 5 },
    })
    expect(held?.outcome).toBeUndefined()
    expect(lab.guard().held?.writes).toHaveLength(1)

    expect(await client.ask([say.query('commit')])).toBe('CZ')
    expect(client.status()).toBe('I')
    expect(await changed()).toBe(5)
    expect(lab.guard().held).toBeUndefined()
    expect(rehearsals()[0]?.outcome).toMatchObject({ rows: 0 })
    expect(rehearsals()[0]?.outcome?.error).toBeUndefined()
    const decision = lab.guard().actions.findIndex(one => one.kind === 'decision')
    expect(lab.guard().actions[decision]).toMatchObject({
      verbs: ['keep'],
      durable: true,
      detail: { by: 'statement', rehearsals: '2' },
    })
  })

  it('ROLLBACK undoes it', async () => {
    await client.ask([say.query("update orders set customer = 'x' where id <= 5")])
    expect(await client.ask([say.query('rollback')])).toBe('CZ')
    expect(client.status()).toBe('I')
    expect(await changed()).toBe(0)
    expect(rehearsals()[0]?.outcome?.error?.code).toBe('rolled_back')
  })

  it('writes accumulate, and their inverses in reverse order give the table back', async () => {
    const before = await state()
    await client.ask([say.query("update orders set customer = 'x''y\\\\', total = null where id in (1, 2)")])
    expect(await client.ask([say.query('delete from orders where id > 98')])).toBe('NCZ')
    expect(notices()[0]?.detail).toContain(' 99  | c99')
    expect(await client.ask([say.query("insert into orders (customer) values ('new'), (null)")])).toBe('NCZ')
    expect(client.received.find(one => one.tag === 'C')?.body.toString()).toBe('INSERT 0 2\0')
    expect(notices()[0]?.detail).toContain('| new')
    expect(notices()[0]?.hint).toContain('what was held before it (2)')
    await client.ask([say.query('commit')])
    expect(await state()).not.toBe(before)
    for (const one of rehearsals().reverse()) await lab.admin(written(one))
    expect(await state()).toBe(before)
  })

  it('reads pass in a held transaction, and what changed nothing is not held', async () => {
    expect(await client.ask([say.query("update orders set customer = 'x' where id = -1")])).toBe('CZ')
    expect(client.status()).toBe('I')
    await client.ask([say.query("update orders set customer = 'x' where id = 1")])
    expect(await client.ask([say.query('select customer from orders where id = 1')])).toBe('TDCZ')
    expect(await client.ask([say.query('explain delete from orders')])).toMatch(/^TD+CZ$/)
    await client.ask([say.query('rollback')])
    expect(await client.ask([say.query('explain analyze update orders set total = 1 where id = 2')])).toMatch(
      /^TD+NCZ$/,
    )
    expect(notices()[0]?.detail).toBe('Not shown: EXPLAIN ANALYZE.')
  })

  it('a failing write leaves autocommit as it was, and fails what is held', async () => {
    expect(await client.ask([say.query('update orders set total = 1/0 where id = 1')])).toBe('EZ')
    expect(client.status()).toBe('I')
    expect(await client.ask([say.query('update nothing set a = 1 where b = 2')])).toBe('EZ')
    expect(client.errors()[0]).toMatch(/^42P01/)
    expect(client.status()).toBe('I')
    await client.ask([say.query("update orders set customer = 'x' where id = 1")])
    expect(await client.ask([say.query('update orders set total = 1/0 where id = 1')])).toBe('EZ')
    expect(client.status()).toBe('E')
    expect(await client.ask([say.query('commit')])).toBe('CZ')
    expect(rehearsals()[0]?.outcome?.error?.code).toBe('failed')
    expect(lab.guard().held).toBeUndefined()
    expect(await changed()).toBe(0)
  })

  it("in the client's own transaction COMMIT after the answer keeps, before it nothing", async () => {
    await client.ask([say.query('begin')])
    expect(await client.ask([say.query("update orders set customer = 'x' where id <= 2")])).toBe('NCZ')
    await client.ask([say.query('commit')])
    expect(await changed()).toBe(2)
    const batch = ['begin', "update orders set customer = 'x' where id <= 7", 'commit']
    expect(await client.ask(batch.map(say.query), 3)).toBe('CZNCZEZ')
    expect(client.errors()[0]).toContain('before what it keeps could be read')
    expect(client.status()).toBe('E')
    await client.ask([say.query('rollback')])
    expect(await changed()).toBe(2)
  })

  it('refuses what cannot be held, with the way out', async () => {
    const refused = async (sql: string) => {
      expect(await client.ask([say.query(sql)])).toBe('EZ')
      expect(client.errors()[0]).toMatch(/42501 .*rule rehearse/)
      return client.errors()[0]
    }
    expect(await refused('vacuum orders')).toContain('VACUUM')
    expect(await refused('create index concurrently i on orders (total)')).toContain('CONCURRENTLY')
    expect(await refused('select pg_terminate_backend(1)')).toContain('pg_terminate_backend()')
    expect(await refused("begin; update orders set customer = 'x' where id = 1; commit")).toContain('beside')
    expect(await changed()).toBe(0)
  })

  it('savepoints: ROLLBACK TO undoes what stands behind', async () => {
    for (const sql of [
      'begin',
      "update orders set customer = 'x' where id = 1",
      'savepoint a',
      "update orders set customer = 'x' where id = 2",
      'rollback to a',
    ])
      await client.ask([say.query(sql)])
    expect(lab.guard().held?.writes).toHaveLength(1)
    await client.ask([say.query('commit')])
    expect(await changed()).toBe(1)
    expect(rehearsals().map(one => one.outcome?.error?.code)).toEqual([undefined, 'undone'])
  })

  it('a savepoint brings back what a failing write seemed to have taken', async () => {
    const update = (id: number) => `update orders set customer = 'x' where id = ${id}`
    for (const sql of [
      'begin',
      update(1),
      'savepoint a',
      update(2),
      'update orders set total = 1/0 where id = 3',
    ])
      await client.ask([say.query(sql)])
    expect(client.status()).toBe('E')
    await client.ask([say.query('rollback to a')])
    await client.ask([say.query(update(4))])
    await client.ask([say.query('commit')])
    expect(await lab.admin("select id from orders where customer = 'x' order by id")).toEqual([
      { id: 1 },
      { id: 4 },
    ])
    expect(rehearsals().map(one => one.outcome?.error?.code)).toEqual([undefined, 'undone', undefined])
  })

  it('COPY in is counted and held', async () => {
    client.received.length = 0
    client.send(say.query('copy orders (customer, total) from stdin'))
    await client.until('G')
    client.send(say.copyData('x\t1\nx\t2\n'), say.copyDone())
    await client.until('Z')
    expect(client.tags()).toBe('GNCZ')
    expect(notices()[0]?.message).toContain('copy, 2 rows')
    await client.ask([say.query('rollback')])
    expect(await changed()).toBe(0)
  })

  it('nobody decides in time: rolled back, said, and the next statement is told once', async () => {
    await client.ask([say.query("update orders set customer = 'x' where id <= 5")])
    client.received.length = 0
    expect(lab.guard().held?.undo('nobody decided in time')).toBe(true)
    await client.until('N')
    expect(notices()[0]?.message).toContain('rolled back: nobody decided in time')
    expect(rehearsals()[0]?.outcome?.error?.code).toBe('rolled_back')
    expect(await client.ask([say.query('commit')])).toBe('EZ')
    expect(client.errors()[0]).toContain('the held writes were rolled back')
    expect(client.status()).toBe('I')
    expect(await client.ask([say.query('select 1')])).toBe('TDCZ')
    expect(await changed()).toBe(0)
    await lab.admin("update orders set customer = 'free' where id <= 5")
  })

  it('kept through the API: committed, said, and a ROLLBACK behind it is not believed', async () => {
    await client.ask([say.query("update orders set customer = 'x' where id <= 5")])
    client.received.length = 0
    await lab.guard().held?.keep()
    expect(await changed()).toBe(5)
    await client.until('N')
    expect(notices()[0]?.message).toContain('kept through the API')
    expect(await client.ask([say.query('rollback')])).toBe('EZ')
    expect(client.errors()[0]).toContain('kept through the API')
    expect(await client.ask([say.query('rollback')])).toBe('NCZ')
  })

  it('the session ends: the target rolls back, the record says so', async () => {
    await client.ask([say.query("update orders set customer = 'x' where id <= 5")])
    const guard = lab.guard()
    guard.end({ reason: 'expired', text: 'over' })
    await client.untilClosed()
    expect(await changed()).toBe(0)
    const at = guard.actions.findIndex(one => one.kind === 'rehearsal')
    expect(guard.outcomes.get(at + 1)?.error?.code).toBe('session_ended')
  })

  const extended = (text: string, ...values: string[]) => [
    say.parse('', text),
    say.bind('', '', ...values),
    say.describe('P', ''),
    say.execute(''),
    say.sync(),
  ]

  it('extended: inside a transaction, with parameters, also when BEGIN stands in the same pipeline', async () => {
    const update = extended('update orders set customer = $1 where id <= $2 and customer <> $1', 'x', '2')
    const begin = extended('begin').filter((_, at) => at !== 4)
    expect(await client.ask([...begin, ...update])).toBe('12nC12nNCZ')
    expect(client.status()).toBe('T')
    expect(notices()[0]?.detail).toContain(' 1  | c1 → x')
    expect(await changed()).toBe(0)
    expect(await client.ask(extended('commit'))).toBe('12nCZ')
    expect(await changed()).toBe(2)
    await lab.admin(written(rehearsals()[0]))
    expect(await changed()).toBe(0)
  })

  it('extended: outside of a transaction it is refused, and a COMMIT in the same pipeline keeps nothing', async () => {
    expect(await client.ask(extended("update orders set customer = 'x' where id = 1"))).toBe('12nEZ')
    expect(client.errors()[0]).toContain('outside of a transaction')
    const all = ['begin', "update orders set customer = 'x' where id = 1", 'commit'].flatMap(text =>
      extended(text).filter((_, at) => at !== 4),
    )
    expect(await client.ask([...all, say.sync()])).toBe('12nC12nNC12nEZ')
    expect(client.errors()[0]).toContain('before what it keeps could be read')
    expect(client.status()).toBe('E')
    await client.ask([say.query('rollback')])
    const late = ['begin', 'commit', "update orders set customer = 'x' where id = 1"].flatMap(text =>
      extended(text).filter((_, at) => at !== 4),
    )
    expect(await client.ask([...late, say.sync()])).toBe('12nC12nC12nEZ')
    expect(await changed()).toBe(0)
  })
})
