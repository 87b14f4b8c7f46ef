import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

describe.skipIf(missing('postgres15', 'psql').length > 0)('what is recorded of a statement', () => {
  let lab: Lab
  let client: RawClient
  beforeAll(async () => {
    lab = await openLab({
      rules: { procedure: 'orders-emergency', refuse: ['ddl', 'write_without_where'] },
      schema: `
        CREATE TABLE orders (id serial PRIMARY KEY, customer text, total numeric, card_number text);
        INSERT INTO orders (customer, total, card_number) SELECT 'c' || i, i, '4111' FROM generate_series(1, 100) i;
        CREATE TABLE ledger (id int, note text)`,
    })
    client = await RawClient.login(lab.port, LOGIN, SECRET)
  })
  afterAll(async () => {
    client.destroy()
    await lab.close()
  })

  const about = (part: string) => lab.guard().about(part)
  const rowsOf = (part: string) => {
    const { rows, changed } = about(part).outcome ?? {}
    return { rows, changed }
  }

  it.each([
    ['select id from orders limit 7', { rows: 7, changed: undefined }],
    ['select id from orders where false', { rows: 0, changed: undefined }],
    ["update orders set customer = 'x' where id <= 3", { rows: 3, changed: 3 }],
    ["update orders set customer = 'x' where id < 0", { rows: 0, changed: 0 }],
    ["insert into orders (customer) values ('a'), ('b') returning id", { rows: 2, changed: 2 }],
    ['delete from orders where id in (99, 100)', { rows: 2, changed: 2 }],
    [
      "merge into orders using (values (5), (1000)) v (id) on orders.id = v.id when matched then update set customer = 'm'",
      { rows: 1, changed: 1 },
    ],
    ['copy (select id from orders limit 4) to stdout', { rows: 4, changed: undefined }],
    [
      'with d as (delete from orders where id in (97, 98) returning 1) select count(*) from d',
      { rows: 1, changed: undefined },
    ],
    ['explain delete from orders where id = 1', { rows: 3, changed: undefined }],
    ['begin', { rows: 0, changed: undefined }],
    ['commit', { rows: 0, changed: undefined }],
  ])('simple: %s', async (sql, counts) => {
    await client.ask([say.query(sql)])
    expect(client.errors()).toEqual([])
    expect(rowsOf(sql)).toEqual(counts)
  })

  it('rows that COPY FROM STDIN brought are changed rows', async () => {
    client.received.length = 0
    client.send(say.query('copy ledger from stdin'))
    await client.until('G')
    await client.ask([say.message('d', Buffer.from('1\ta\n2\tb\n3\tc\n')), say.message('c', Buffer.alloc(0))])
    expect(rowsOf('copy ledger from stdin')).toEqual({ rows: 3, changed: 3 })
  })

  it('of a message of several statements each is told by itself', async () => {
    const sql =
      "select id from orders limit 5; update ledger set note = 'é' where id < 3; copy (select 1) to stdout; insert into ledger select id, '' from orders where id < 5"
    await client.ask([say.query(sql)])
    const { action, outcome } = about(sql)
    expect(action).toMatchObject({
      verbs: ['select', 'update', 'copy', 'insert'],
      writes: true,
      touched: { reads: ['orders'], changes: ['ledger'] },
    })
    const texts = action.parts?.map(({ at, length }) =>
      Array.from(sql)
        .slice(at - 1, at - 1 + length)
        .join(''),
    )
    expect(texts).toEqual(sql.split('; '))
    expect(action.parts?.map(({ verb, writes, touched }) => ({ verb, writes, ...touched }))).toEqual([
      { verb: 'select', writes: false, reads: ['orders'] },
      { verb: 'update', writes: true, changes: ['ledger'] },
      { verb: 'copy', writes: false },
      { verb: 'insert', writes: true, reads: ['orders'], changes: ['ledger'] },
    ])
    expect(outcome).toMatchObject({ rows: 12, changed: 6 })
    expect(outcome?.each?.map(({ rows, changed }) => [rows, changed])).toEqual([
      [5, undefined],
      [2, 2],
      [1, undefined],
      [4, 4],
    ])
    for (const { ms } of outcome?.each ?? []) expect(ms).toBeGreaterThan(0)
  })

  it('of one that fails in the middle those before it are told, and the error', async () => {
    const sql = 'select 1; select 1 / 0; select 2'
    await client.ask([say.query(sql)])
    const { outcome } = about(sql)
    expect(outcome?.each).toHaveLength(1)
    expect(outcome?.error?.code).toBe('22012')
  })

  it('a script of hundreds of statements in one message is recorded within bounds', async () => {
    const sql = `${"insert into ledger values (7, 'x');".repeat(400)}select 4711`
    await client.ask([say.query(sql)])
    const { action, outcome } = about('select 4711')
    expect(action.verbs).toHaveLength(401)
    expect(action.parts).toHaveLength(100)
    expect(outcome?.each).toHaveLength(100)
    expect(outcome).toMatchObject({ rows: 401, changed: 400 })
  })

  it('extended: each Bind has its own counts, in a pipeline and from portals read in parts', async () => {
    const select = say.parse('rd', 'select id from orders where id <= 10 order by id')
    const update = say.parse('wr', "update orders set customer = 'p' where id <= 4 returning id")
    await client.ask([
      select,
      update,
      say.bind('a', 'rd'),
      say.bind('b', 'wr'),
      say.execute('a', 3),
      say.execute('b', 2),
      say.execute('a', 3),
      say.execute('b', 0),
      say.execute('a', 0),
      say.sync(),
    ])
    expect(client.errors()).toEqual([])
    const binds = lab
      .guard()
      .actions.map((action, index) => ({ action, outcome: lab.guard().outcomes.get(index + 1) }))
      .filter(({ action }) => action.kind === 'bind')
      .slice(-2)
    expect(binds.map(({ action }) => action.touched)).toEqual([
      { reads: ['orders'] },
      { changes: ['orders'] },
    ])
    expect(binds.map(({ outcome }) => [outcome?.rows, outcome?.changed])).toEqual([
      [10, undefined],
      [4, 4],
    ])
  })

  it('EXECUTE counts as what it was prepared for', async () => {
    await client.ask([say.query("prepare w as update orders set customer = 'e' where id <= 2")])
    await client.ask([say.query('execute w')])
    expect(about('execute w').action).toMatchObject({ writes: true, touched: { changes: ['orders'] } })
    expect(rowsOf('execute w')).toEqual({ rows: 2, changed: 2 })
  })

  it('psql draws its caret under what is refused, and says who refuses and the way out', async () => {
    const ran = await lab.run(
      'psql',
      ['-X', '-q'],
      {},
      "select 'ä€𝄞';\nselect 1,\n  2; delete from orders;\nset role postgres;\nselect 1 frm x y;\n",
    )
    expect(ran.err.trim().split('\n')).toEqual([
      'ERROR:  breakglass: delete without WHERE (rule write_without_where)',
      'LINE 1: delete from orders;',
      '                    ^',
      'DETAIL:  Procedure orders-emergency refuses UPDATE, DELETE and MERGE whose condition does not narrow the rows, and TRUNCATE (scope.refuse: write_without_where).',
      'HINT:  Add a WHERE that narrows the rows by a column.',
      'ERROR:  breakglass: sets role (rule set_role)',
      'LINE 1: set role postgres;',
      '                 ^',
      'DETAIL:  Whatever its procedure, every session refuses SET ROLE, SET SESSION AUTHORIZATION, their RESET, and every other way to become somebody else.',
      'HINT:  Stay in the role of the grant, or ask for a grant in the other scope.',
      // In the words of the target, as nothing runs that does not parse.
      'ERROR:  syntax error at or near "x"',
      'LINE 1: select 1 frm x y;',
      '                     ^',
    ])
  })

  it('the place is right also where the verdict comes from a text of the same shape', async () => {
    const positions: (string | undefined)[] = []
    const pg = await lab.client()
    for (const sql of [
      'update orders set total = 5 where 1 = 1',
      'update orders set total = 500000 where 1 = 1',
      'update orders set total = 500000 where 1 = 1',
    ])
      await pg.query(sql).catch((error: { position?: string }) => positions.push(error.position))
    expect(positions).toEqual(['35', '40', '40'])
  })
})
