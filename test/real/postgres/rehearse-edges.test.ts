import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { decodeReport } from '../../../src/protocols/postgres/messages/decode.ts'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'
import { until } from '../../support/wait.ts'

const PSYCOPG = '/usr/lib/python3/dist-packages/psycopg2'

const SCHEMA = `
  create table orders (id serial primary key, customer text, total numeric, card_number text);
  create table parent (id int primary key, note text);
  create table child (id int primary key, parent int references parent on delete cascade);
  create table keyless (a int, b text);
  create table moving (id int primary key, pos int);
  create view few as select * from orders where id < 3;
  create table audit (what text);
  create function noted() returns trigger language plpgsql security definer as $$ begin insert into audit values (tg_op); return null; end $$;
  create trigger noted after update on parent for each row execute function noted();
  create function pure() returns int language sql as 'select 1';
  create table parts (id int, region text, v int, primary key (id, region)) partition by list (region);
  create table parts_a partition of parts for values in ('a');
  create table parts_b partition of parts for values in ('b');`

const FILL = `truncate orders, parent, child, keyless, moving, parts, audit;
  insert into orders select i, 'c' || i, i, '4111-' || i from generate_series(1, 200) i;
  insert into parent select i, 'p' from generate_series(1, 5) i; insert into child select i, i from generate_series(1, 5) i;
  insert into keyless select i, 'k' from generate_series(1, 5) i; insert into moving select i, i from generate_series(1, 5) i;
  insert into parts select i, 'a', i from generate_series(1, 5) i;`

describe.skipIf(missing('postgres15', 'psql').length > 0)('rehearsed writes at the edges', () => {
  let lab: Lab
  let client: RawClient
  const clients: RawClient[] = []
  beforeAll(async () => {
    lab = await openLab({
      schema: SCHEMA,
      rules: {
        rehearse: { withinMs: 120_000, rows: 50, show: 3 },
        writesPerStatement: 150,
        mask: [{ column: '*.customer', keep: 'nothing' }],
      },
    })
  })
  const fresh = async (parameters: Record<string, string> = {}) => {
    await lab.admin(FILL)
    client = await RawClient.login(lab.port, LOGIN, SECRET, parameters)
    clients.push(client)
  }
  afterEach(() => {
    for (const one of clients.splice(0)) one.destroy()
  })
  afterAll(() => lab.close())

  const field = (body: Buffer, letter: string) =>
    new RegExp(`(?:^|\\0)${letter}([^\\0]*)`).exec(body.toString())?.[1] ?? ''
  const notice = () => {
    const found = client.received.find(one => one.tag === 'N' && field(one.body, 'M').includes('held'))
    if (!found) throw new Error(`no notice among ${client.tags()}: ${client.errors().join()}`)
    return { ...decodeReport(found.body, 0, found.body.length), detail: field(found.body, 'D') }
  }
  const rehearsal = () => {
    const found = lab.guard().actions.findLast(action => action.kind === 'rehearsal')
    if (!found) throw new Error('nothing was rehearsed')
    return found
  }
  const unseen = () => String(rehearsal().detail?.['unseen'] ?? '')
  const ask = (sql: string) => client.ask([say.query(sql)])

  it('masked columns show in no notice and no before-image; the inverse has them', async () => {
    await fresh()
    await ask("update orders set total = 0, customer = 'x' where id = 7")
    expect(notice().detail).toContain(' 7  | (masked) | 7 → 0')
    expect(rehearsal().before).toBe('id\tcustomer\ttotal\n7\t(masked)\t7')
    expect(rehearsal().inverse).toContain("'c7'::text")
  })

  it('the write limit holds in the same transaction', async () => {
    await fresh()
    expect(await ask('update orders set total = 0 where id <= 160')).toBe('EZ')
    expect(client.errors()[0]).toContain('changed 160 rows, more than 150')
    expect(client.status()).toBe('I')
    await ask('update orders set total = 0 where id = 1')
    expect(await ask('delete from orders where id <= 160')).toBe('EZ')
    expect(client.status()).toBe('E')
    await ask('rollback')
    expect(await lab.admin('select count(*)::int as n from orders where total > 0')).toEqual([{ n: 200 }])
  })

  it('more rows than are kept: counted all, the rest named as missing from the inverse', async () => {
    await fresh()
    await ask('update orders set total = 0 where id <= 120')
    expect(notice().message).toContain('120 rows')
    expect(notice().detail).toContain('(117 more rows)')
    expect(unseen()).toContain('70 of the changed rows')
    expect(rehearsal().inverse).toContain('(50 of 120 rows only)')
  })

  it('rows that are too large are not kept, and said', async () => {
    await fresh()
    await lab.admin(
      "update orders set customer = (select string_agg(md5(i::text), '') from generate_series(1, 20000) i) where id = 1",
    )
    await ask('delete from orders where id = 1')
    expect(unseen()).toContain('too large to keep')
    expect(rehearsal().inverse).toBeUndefined()
    await ask('rollback')
    await ask('delete from orders where id in (1, 2, 3)')
    expect(unseen()).toContain('1 of the changed rows')
    expect(rehearsal().inverse).toContain('(2 of 3 rows only)')
  })

  it('a condition that says other rows the second time is found out', async () => {
    await fresh()
    // Once a row is locked the condition holds for one more.
    const locked = "select count(*) from moving m where m.xmax::text <> '0'"
    await ask(`update moving set pos = 0 where id <= 1 + (${locked})`)
    expect(rehearsal().detail).toMatchObject({ rows: 2, images: 1 })
    expect(unseen()).toContain('1 of the changed rows')
    expect(rehearsal().inverse).toContain('(1 of 2 rows only)')
  })

  it('triggers, cascades, views, tables without a key, a key that moves: what is not known is said', async () => {
    await fresh()
    await ask("update parent set note = 'q' where id = 1")
    expect(unseen()).toContain('triggers')
    await ask('delete from parent where id = 2')
    expect(unseen()).toContain('foreign keys')
    await ask("update keyless set b = 'x' where a = 1")
    expect(unseen()).toContain('no primary key')
    expect(notice().detail).toContain(' 1 | k')
    expect(rehearsal().inverse).toBeUndefined()
    await ask('delete from keyless where a = 2')
    expect(rehearsal().inverse).toContain('INSERT INTO "public"."keyless"')
    await ask('update moving set id = id + 10 where id > 3')
    expect(rehearsal().detail).toMatchObject({ rows: 2, images: 2 })
    expect(rehearsal().inverse).toBeUndefined()
    await ask('delete from few where id = 1')
    expect(unseen()).toContain('cannot be locked')
    expect(notice().message).toContain('1 row')
    await ask("update parts set region = 'b', v = 9 where id = 1")
    expect(rehearsal().inverse).toBeUndefined()
    await ask('update parts set v = 9 where id = 2')
    expect(rehearsal().inverse).toContain('"v" = was.')
    await ask('rollback')
  })

  it('a function that writes nothing is not held; DDL and TRUNCATE are, without rows', async () => {
    await fresh()
    expect(await ask('select pure()')).toBe('TDCZ')
    expect(client.status()).toBe('I')
    expect(await ask('truncate moving')).toBe('NCZ')
    expect(notice().message).toMatch(/held, not kept yet: truncate$/)
    await ask('rollback')
    expect(await lab.admin('select count(*)::int as n from moving')).toEqual([{ n: 5 }])
  })

  it("what the session's own lock_timeout stops is stopped as ever", async () => {
    await fresh({ lock_timeout: '200' })
    const blocker = await RawClient.login(lab.port, LOGIN, SECRET)
    clients.push(blocker)
    await blocker.ask([say.query('update orders set total = 0 where id = 9')])
    expect(blocker.status()).toBe('T')
    expect(await ask('update orders set total = 1 where id = 9')).toBe('EZ')
    expect(client.errors()[0]).toMatch(/^55P03/)
    expect(client.status()).toBe('I')
    expect(await ask('select 1')).toBe('TDCZ')
  })

  it('under `evidence: with` the rehearsal still waits for its record', async () => {
    await fresh()
    await ask('update orders set total = 0 where id = 1')
    await ask('commit')
    const kinds = lab.guard().actions.map(action => [action.kind, action.durable ?? false])
    expect(kinds).toEqual([
      ['query', false],
      ['rehearsal', true],
      ['query', false],
      ['decision', true],
    ])
  })

  it('evidence that takes its time keeps the order', async () => {
    await lab.admin(FILL)
    lab.prepareGuard(guard => {
      guard.delayMs = 15
    })
    client = await RawClient.login(lab.port, LOGIN, SECRET)
    lab.prepareGuard(() => undefined)
    clients.push(client)
    const tags = await client.ask(
      ['update orders set total = 0 where id = 1', 'select 1', 'rollback', 'select 2'].map(say.query),
      4,
    )
    expect(tags).toBe('NCZTDCZCZTDCZ')
    expect(client.status()).toBe('I')
  })

  it('byte by byte the same', async () => {
    await fresh()
    const bytes = Buffer.concat(
      ['begin', 'update orders set total = 0 where id = 1', 'commit'].map(say.query),
    )
    client.received.length = 0
    for (const byte of bytes) client.send(Buffer.of(byte))
    await client.until('Z', 3)
    expect(client.tags()).toBe('CZNCZEZ')
    expect(await lab.admin('select total::int as n from orders where id = 1')).toEqual([{ n: 1 }])
  })

  it('psql: Ctrl-C while the write waits for a lock', async () => {
    await fresh()
    await ask('update orders set total = 0 where id = 9')
    const psql = spawn('psql', ['-X', '-v', 'PROMPT1=%x>'], {
      env: lab.environment(),
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let out = ''
    psql.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    psql.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()))
    psql.stdin.write('update orders set total = 1 where id = 9;\n')
    await until(
      async () =>
        (await lab.admin("select 1 from pg_stat_activity where wait_event_type = 'Lock'")).length > 0,
    )
    psql.kill('SIGINT')
    // Its input is no terminal, so psql stops at the first interrupt.
    await new Promise(resolve => psql.once('close', resolve))
    expect(out).toContain('canceling statement due to user request')
    expect(lab.guard().actions.map(action => action.kind)).toEqual(['query', 'cancel'])
    expect(lab.guard().held).toBeUndefined()
    await ask('commit')
    expect(await lab.admin('select total::int as n from orders where id = 9')).toEqual([{ n: 0 }])
  })

  it.skipIf(!existsSync(PSYCOPG))(
    'psycopg2: its commit() keeps, what it closes without is gone',
    async () => {
      await lab.admin(FILL)
      const script = `
import psycopg2
with_commit = psycopg2.connect("")
cur = with_commit.cursor()
cur.execute("update orders set total = 0 where id = %s", (1,))
print(cur.rowcount, with_commit.notices[-1].split("\\n")[0].strip())
with_commit.commit()
cur.execute("select total from orders where id = 1")
print(cur.fetchone()[0])
with_commit.close()
auto = psycopg2.connect("")
auto.autocommit = True
auto.cursor().execute("update orders set total = 0 where id = 2")
auto.close()
`
      const ran = await lab.run('/usr/bin/python3', ['-c', script])
      expect(ran.out).toBe('1 NOTICE:  breakglass: held, not kept yet: UPDATE public.orders, 1 row\n0\n')
      expect(await lab.admin('select total::int as n from orders where id in (1, 2) order by id')).toEqual([
        { n: 0 },
        { n: 2 },
      ])
    },
  )
})
