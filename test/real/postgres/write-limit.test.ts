import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

describe.skipIf(missing('postgres15', 'psql').length > 0)('the write limit', () => {
  let lab: Lab
  let client: RawClient
  beforeAll(async () => {
    lab = await openLab({ rules: { writesPerStatement: 10 } })
    await lab.admin(
      'create table public.parent (id int primary key); create table public.child (id int references parent deferrable initially deferred); grant all on public.parent, public.child to public',
    )
  })
  beforeEach(async () => {
    await lab.admin("update orders set customer = 'c' || id")
    client = await RawClient.login(lab.port, LOGIN, SECRET)
  })
  afterEach(() => client.destroy())
  afterAll(() => lab.close())

  const changed = async () =>
    (await lab.admin("select count(*)::int as n from orders where customer = 'x'"))[0]?.['n']
  const update = (rows: number) => `update orders set customer = 'x' where id <= ${rows}`
  const extended = (text: string) => [
    say.parse('', text),
    say.bind('', ''),
    say.describe('P', ''),
    say.execute(''),
    say.sync(),
  ]
  const last = () => lab.guard().outcomes.get(lab.guard().actions.length)

  it('simple: within the limit it is committed, and the client sees nothing of our transaction', async () => {
    expect(await client.ask([say.query(update(10))])).toBe('CZ')
    expect(client.received[0]?.body.toString()).toBe('UPDATE 10\0')
    expect(client.status()).toBe('I')
    expect(await changed()).toBe(10)
    expect(last()).toMatchObject({ rows: 10 })
    expect(lab.guard().actions).toHaveLength(1)
  })

  it('simple: beyond the limit it is rolled back with a native error', async () => {
    expect(await client.ask([say.query(update(11))])).toBe('EZ')
    expect(client.errors()[0]).toMatch(/42501 .*changed 11 rows, more than 10.*rule writes_per_statement/)
    expect(client.status()).toBe('I')
    expect(await changed()).toBe(0)
    expect(last()).toMatchObject({ rows: 11, error: { code: '42501' } })
    expect(await client.ask([say.query('select 1')])).toBe('TDCZ')
  })

  it('simple: RETURNING, an own error, a commit that fails', async () => {
    expect(await client.ask([say.query(`${update(2)} returning id`)])).toBe('TDDCZ')
    expect(await client.ask([say.query('update orders set total = 1/0')])).toBe('EZ')
    expect(client.status()).toBe('I')
    expect(await client.ask([say.query('insert into child values (1)')])).toBe('EZ')
    expect(client.errors()[0]).toContain('23503')
    expect(client.status()).toBe('I')
    expect(last()?.error).toBeDefined()
    expect(await lab.admin('select count(*)::int as n from child')).toEqual([{ n: 0 }])
  })

  it("simple: inside the client's own transaction the transaction fails", async () => {
    await client.ask([say.query('begin')])
    expect(await client.ask([say.query(update(3))])).toBe('CZ')
    expect(client.status()).toBe('T')
    expect(await client.ask([say.query(update(50))])).toBe('EZ')
    expect(client.errors()[0]).toContain('writes_per_statement')
    expect(client.status()).toBe('E')
    await client.ask([say.query('commit')])
    expect(await changed()).toBe(0)
  })

  it('a COMMIT in the same pipeline does not overtake the count', async () => {
    expect(await client.ask(['begin', update(50), 'commit', 'select 1'].map(say.query), 4)).toBe('CZEZCZTDCZ')
    expect(await changed()).toBe(0)
    expect(await client.ask([say.query('begin'), ...extended(update(50)), say.query('commit')], 3)).toBe(
      'CZ12nEZCZ',
    )
    expect(await changed()).toBe(0)
  })

  it('a write beside other statements in one message is refused', async () => {
    expect(await client.ask([say.query(`begin; ${update(50)}; commit`)])).toBe('EZ')
    expect(client.errors()[0]).toContain('writes_per_statement')
    expect(await changed()).toBe(0)
  })

  it('extended: within, beyond, and what stands before it in the same pipeline', async () => {
    expect(await client.ask(extended(update(10)))).toBe('12nCZ')
    expect(await changed()).toBe(10)
    expect(await client.ask(extended(update(11)))).toBe('12nEZ')
    expect(client.status()).toBe('I')
    const both = [...extended(update(5).replace("'x'", "'y'")).slice(0, -1), ...extended(update(20))]
    expect(await client.ask(both)).toBe('12nC12nEZ')
    expect(await lab.admin("select count(*)::int as n from orders where customer = 'y'")).toEqual([{ n: 0 }])
  })

  it('extended: a portal read in parts cannot hide its count', async () => {
    const tags = await client.ask([
      say.parse('', `${update(30)} returning id`),
      say.bind('', ''),
      say.execute('', 5),
      say.sync(),
    ])
    expect(tags).toBe(`12${'D'.repeat(30)}EZ`)
    expect(await changed()).toBe(0)
  })

  it('PREPARE and EXECUTE are counted like the statement itself', async () => {
    await client.ask([say.query(`prepare w as ${update(20)}`)])
    expect(await client.ask([say.query('execute w')])).toBe('EZ')
    expect(await client.ask([say.bind('', 'w'), say.execute(''), say.sync()])).toBe('2EZ')
    expect(await changed()).toBe(0)
  })

  it('COPY in is counted and rolled back', async () => {
    const line = 'name\t1\n'
    const copy = async (rows: number) => {
      client.received.length = 0
      client.send(say.query('copy orders (customer, total) from stdin'))
      await client.until('G')
      client.send(say.copyData(line.repeat(rows)), say.copyDone())
      await client.until('Z')
      return client.tags()
    }
    expect(await copy(10)).toBe('GCZ')
    expect(await copy(11)).toBe('GEZ')
    expect(await lab.admin("select count(*)::int as n from orders where customer = 'name'")).toEqual([
      { n: 10 },
    ])
  })

  it('a count that cannot be seen is beyond any limit', async () => {
    const hidden = `with changed as (${update(2)} returning 1) select count(*) from changed`
    expect(await client.ask([say.query(hidden)])).toBe('TDEZ')
    expect(client.errors()[0]).toContain('cannot be counted')
    expect(await client.ask(extended(`explain analyze ${update(2)}`))).toMatch(/^12TD+EZ$/)
    expect(await changed()).toBe(0)
  })

  it('works the same when evidence takes its time', async () => {
    lab.prepareGuard(guard => {
      guard.delayMs = 10
    })
    const other = await RawClient.login(lab.port, LOGIN, SECRET)
    lab.prepareGuard(() => undefined)
    expect(
      await other.ask(
        [say.query(update(11)), ...extended(update(11)), say.query(update(4)), say.query('select 1')],
        4,
      ),
    ).toBe('EZ12nEZCZTDCZ')
    expect(await changed()).toBe(4)
    other.destroy()
  })
})
