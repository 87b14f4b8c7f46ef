import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

/** PostgreSQL 16 made it a reserved word: 15 runs this, our grammar does not read it. */
const ONLY_15 = 'delete from system_user where id = 1'

describe.skipIf(missing('postgres15', 'psql').length > 0)('text that does not parse', () => {
  let lab: Lab
  const open: RawClient[] = []
  const login = async () => {
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    open.push(client)
    return client
  }
  const left = async () => (await lab.admin('select count(*)::int as n from "system_user"'))[0]?.['n']
  beforeAll(async () => {
    lab = await openLab({
      schema:
        'create table orders (id int); create table "system_user" (id int); insert into "system_user" values (1)',
    })
  })
  afterEach(() => {
    for (const client of open.splice(0)) client.destroy()
  })
  afterAll(() => lab.close())

  it('psql shows the error the target gives, with its place and hint, and the record says unparsable', async () => {
    const sql =
      "select 1;\nselec\t'é', 2;\nselect 'a' 'b';\nselect E'\\u00';\nselect 1 fetch first 1 row with ties;\nselect 3;\n"
    const through = await lab.run('psql', ['-X', '-A', '-t'], { LC_ALL: 'C.UTF-8' }, sql)
    const straight = await lab.run(
      'psql',
      ['-X', '-A', '-t', lab.server.adminUrl],
      { PGSSLMODE: 'disable' },
      sql,
    )
    expect(through).toEqual(straight)
    expect(through.err).toContain('LINE 1: selec')
    expect(lab.guard().about('selec\t').action.objections[0]?.rule).toBe('unparsable')
  })

  it('extended: SQLSTATE and position are native, what follows is skipped up to Sync, a name is not taken', async () => {
    const client = await login()
    const tags = await client.ask(
      [
        ...[say.parse('', 'select 1'), say.bind('', ''), say.execute('')],
        ...[say.parse('p', 'selec 2'), say.bind('', 'p'), say.execute(''), say.sync()],
        ...[say.parse('p', 'select 3'), say.bind('', 'p'), say.execute(''), say.sync()],
      ],
      2,
    )
    expect(tags).toBe('12DCEZ12DCZ')
    expect(client.errors()[0]).toContain('42601 syntax error at or near "selec"')
  })

  it.each(['simple', 'extended', 'extended, named'])(
    'attack 14: %s: what only the target can read does not run',
    async mode => {
      const client = await login()
      const name = mode === 'extended, named' ? 'p' : ''
      const ask = [say.parse(name, ONLY_15), say.bind('', name), say.execute(''), say.sync()]
      expect(await client.ask(mode === 'simple' ? [say.query(ONLY_15)] : ask)).toBe('EZ')
      expect(client.errors()[0]).toContain('rule unparsable')
      for (const kept of ['', 'p', 'breakglass']) {
        await client.ask([say.bind('', kept), say.execute(''), say.sync()])
        expect(client.tags()).toBe('EZ')
      }
      await client.ask([say.query('execute breakglass')])
      expect(client.tags()).toBe('EZ')
      expect(await left()).toBe(1)
    },
  )

  it('attack 14: in a transaction it fails the transaction; several statements stay one text', async () => {
    const client = await login()
    await client.ask([say.query('begin')])
    await client.ask([say.query(`select 1; ${ONLY_15}`)])
    expect(client.errors()[0]).toContain('rule unparsable')
    expect(client.status()).toBe('E')
    await client.ask([say.query('rollback')])
    expect(await client.ask([say.query(`delete from orders; selec`)])).toBe('EZ')
    expect(client.status()).toBe('I')
    expect(await left()).toBe(1)
  })

  it('pipelined simple queries keep their order around it', async () => {
    const client = await login()
    const tags = await client.ask(['select 1', 'selec', 'select 2', ONLY_15, 'select 3'].map(say.query), 5)
    expect(tags).toBe('TDCZEZTDCZEZTDCZ')
  })

  it('behind extended messages without a Sync it brings no ReadyForQuery of its own', async () => {
    const client = await login()
    // The target discards the query as well, since the Parse before it has failed.
    expect(await client.ask([say.parse('', 'select nothing'), say.query('selec'), say.sync()])).toBe('EZ')
    expect(await client.ask([say.query('select 1')])).toBe('TDCZ')
  })
})
