import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

describe.skipIf(missing('postgres15', 'psql').length > 0)('what is refused', () => {
  let lab: Lab
  const open: RawClient[] = []
  const login = async () => {
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    open.push(client)
    return client
  }
  beforeAll(async () => {
    lab = await openLab({ rules: { refuse: ['ddl', 'write_without_where'] } })
  })
  afterEach(() => {
    for (const client of open.splice(0)) client.destroy()
  })
  afterAll(() => lab.close())

  const extended = (text: string) => [say.parse('', text), say.bind('', ''), say.execute(''), say.sync()]

  it('psql: a native error names the rule, the hint the way out, the connection lives on', async () => {
    const ran = await lab.run(
      'psql',
      ['-X', '-A', '-t', '-v', 'VERBOSITY=verbose'],
      {},
      'delete from orders;\nselect 1;\n',
    )
    expect(ran.err).toMatch(
      /ERROR: {2}42501: breakglass: .*\(rule write_without_where\)\nLINE 1: .*\n +\^\nDETAIL: {2}\S.*\nHINT: {2}\S/,
    )
    expect(ran.out).toBe('1\n')
    expect((await lab.admin('select count(*)::int as n from orders'))[0]).toEqual({ n: 100 })
    const { action, outcome } = lab.guard().about('delete from orders')
    expect(action.objections[0]?.rule).toBe('write_without_where')
    expect(outcome).toBeUndefined()
  })

  it('attack 14: the text of a refused statement never reaches the target', async () => {
    await lab.psql('drop table orders /* secret-marker */')
    const client = await login()
    await client.ask(extended('drop table orders /* secret-marker */'))
    expect(lab.server.log()).toContain('breakglass refused this statement')
    expect(lab.server.log()).not.toContain('secret-marker')
  })

  it('in the extended protocol the error comes in its place and the rest up to Sync is skipped', async () => {
    const client = await login()
    const tags = await client.ask(
      [...extended('select 1'), ...extended('drop table orders'), ...extended('select 2')],
      3,
    )
    expect(tags).toBe('12DCZEZ12DCZ')
    expect(client.errors()[0]).toContain('rule ddl')
    expect(client.status()).toBe('I')
  })

  it('what stands before a refused message in the same pipeline is rolled back with it, as by a native error', async () => {
    const client = await login()
    const tags = await client.ask([
      say.parse('', "update orders set customer = 'changed' where id = 1"),
      say.bind('', ''),
      say.execute(''),
      ...extended('drop table orders'),
    ])
    expect(tags).toBe('12CEZ')
    expect(await lab.admin('select customer from orders where id = 1')).toEqual([{ customer: 'c1' }])
  })

  it.each(['simple', 'extended'] as const)(
    '%s: inside a transaction both sides agree that it failed',
    async mode => {
      const client = await login()
      const one = (text: string) => (mode === 'simple' ? [say.query(text)] : extended(text))
      await client.ask(one('begin'))
      expect(client.status()).toBe('T')
      await client.ask(one("update orders set customer = 'lost' where id = 2"))
      await client.ask(one('drop table orders'))
      expect(client.errors()[0]).toContain('rule ddl')
      expect(client.status()).toBe('E')
      await client.ask(one('select 1'))
      expect(client.errors()[0]).toContain('25P02')
      await client.ask(one('commit'))
      expect(client.status()).toBe('I')
      expect(await lab.admin('select customer from orders where id = 2')).toEqual([{ customer: 'c2' }])
    },
  )

  it('pipelined simple queries keep their order around a refusal', async () => {
    const client = await login()
    const tags = await client.ask(
      ['select 1', 'drop table orders', 'select 2', 'truncate orders', 'select 3'].map(say.query),
      5,
    )
    expect(tags).toBe('TDCZEZTDCZEZTDCZ')
  })

  it('several statements in one message: one refused, none runs', async () => {
    const client = await login()
    const tags = await client.ask([
      say.query("update orders set customer = 'x' where id = 3; drop table orders"),
    ])
    expect(tags).toBe('EZ')
    expect(await lab.admin('select customer from orders where id = 3')).toEqual([{ customer: 'c3' }])
  })

  it('attack 14: EXECUTE is judged by its PREPARE, a name nobody prepared is refused', async () => {
    const client = await login()
    await client.ask([say.query('prepare q as select 1'), say.query('execute q')], 2)
    expect(client.tags()).toBe('CZTDCZ')
    expect(lab.guard().about('execute q').action.verbs).toEqual(['execute', 'select'])
    await client.ask([say.query('execute nobody')])
    expect(client.errors()[0]).toContain('unknown_statement')
    await client.ask([say.query('prepare bad as delete from orders')])
    expect(client.errors()[0]).toContain('write_without_where')
    await client.ask([say.query('execute bad')])
    expect(client.errors()[0]).toContain('unknown_statement')
  })

  it('a statement prepared in SQL can be bound, one prepared by Parse can be executed', async () => {
    const client = await login()
    await client.ask([say.query('prepare s1 as select 11')])
    expect(await client.ask([say.bind('', 's1'), say.execute(''), say.sync()])).toBe('2DCZ')
    expect(await client.ask([say.parse('p1', 'select 12'), say.sync()])).toBe('1Z')
    expect(await client.ask([say.query('execute p1')])).toBe('TDCZ')
  })

  it('attack 14: names are one name where the server takes them for one (63 bytes)', async () => {
    const client = await login()
    const stem = 'n'.repeat(63)
    await client.ask([say.parse(`${stem}A`, 'update orders set total = total where id = 1'), say.sync()])
    expect(await client.ask([say.bind('', `${stem}B`), say.execute(''), say.sync()])).toBe('2CZ')
    expect(lab.guard().actions.at(-1)).toMatchObject({ kind: 'bind', verbs: ['update'], writes: true })
  })

  it('a Parse that fails does not change what the name is recorded as', async () => {
    const client = await login()
    await client.ask([say.parse('kept', 'update orders set total = total where id = 1'), say.sync()])
    await client.ask([say.parse('kept', 'select 1'), say.sync()])
    expect(client.errors()[0]).toContain('42P05')
    await client.ask([say.bind('', 'kept'), say.execute(''), say.sync()])
    expect(lab.guard().actions.at(-1)).toMatchObject({ kind: 'bind', verbs: ['update'] })
    // In one go, before anybody knows that the second Parse fails: both are named.
    await client.ask(
      [say.parse('kept', 'select 1'), say.sync(), say.bind('', 'kept'), say.execute(''), say.sync()],
      2,
    )
    expect(lab.guard().actions.at(-1)?.verbs.toSorted()).toEqual(['select', 'update'])
  })

  it('attack 14: the fast path is seen for what it is', async () => {
    const client = await login()
    expect(await client.ask([say.functionCall(2078)])).toBe('EZ')
    expect(client.errors()[0]).toContain('rule function_call')
    expect(lab.guard().actions.at(-1)).toMatchObject({
      kind: 'function_call',
      detail: { oid: 2078 },
      writes: true,
    })
    // lo_creat(mode) without its argument: passed on, and the server objects to the argument itself.
    expect(await client.ask([say.functionCall(957)])).toBe('EZ')
    expect(client.errors()[0]).toContain('08P01')
  })

  it('attack 14: text that is not UTF-8 is refused, whatever it would be read as', async () => {
    const client = await login()
    expect(await client.ask([say.message('Q', Buffer.from([0x73, 0x65, 0x6c, 0xff, 0x00]))])).toBe('EZ')
    expect(client.errors()[0]).toContain('unparsable')
  })

  it('attack 13: a statement longer than what can be judged is refused natively, and the session goes on', async () => {
    const client = await login()
    const header = Buffer.alloc(5)
    header.write('Q')
    header.writeInt32BE((20 << 20) + 4, 1)
    client.send(header)
    for (let i = 0; i < 20; i++) client.send(Buffer.alloc(1 << 20, 32))
    await client.until('Z')
    expect(client.errors()[0]).toContain('too_large')
    expect(await client.ask([say.query('select 1')])).toBe('TDCZ')
  })

  it('a refusal inside a pipeline that waits for evidence', async () => {
    lab.prepareGuard(guard => {
      guard.delayMs = 15
    })
    const client = await login()
    const tags = await client.ask(
      [
        ...extended('select 1'),
        say.query('select 2'),
        ...extended('drop table orders'),
        say.query('select 3'),
      ],
      4,
    )
    expect(tags).toBe('12DCZTDCZEZTDCZ')
    lab.prepareGuard(() => undefined)
    const guard = lab.guard()
    expect(guard.actions.map(one => one.kind)).toEqual(['parse', 'bind', 'query', 'parse', 'query'])
    expect([...guard.outcomes.keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 5])
  })
})
