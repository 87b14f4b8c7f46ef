import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createPostgresProtocol } from '../../../src/protocols/postgres/index.ts'
import type { Target } from '../../../src/kernel/target.ts'
import { missing } from '../servers/missing.ts'
import { openLab, type Lab } from './lab.ts'

const SCHEMA = `
  CREATE SCHEMA billing;
  CREATE TABLE orders (id serial PRIMARY KEY, customer text, total numeric, card_number text);
  INSERT INTO orders (customer, total, card_number) SELECT 'c' || i, i, '4111-' || i FROM generate_series(1, 100) i;
  CREATE TABLE billing.invoices (id int, secret text);
  CREATE TABLE billing."Odd ""name" (id int, "a.b" text);
  CREATE TABLE untouched (id int);
  CREATE ROLE orders_owner NOLOGIN;
`

describe.skipIf(missing('postgres15').length > 0)('logins at the target', () => {
  let lab: Lab
  const open: Client[] = []
  beforeAll(async () => {
    lab = await openLab({
      schema: SCHEMA,
      target: {
        scopes: {
          repair: {
            privileges: [
              { on: 'public.orders', allow: ['select', 'insert', 'update'] },
              { on: 'billing.*', allow: ['select'] },
            ],
            hide: ['orders.card_number', 'billing."Odd ""name"."a.b"'],
          },
          owner: { as: 'orders_owner' },
        },
      },
    })
  })
  afterEach(async () => {
    for (const client of open.splice(0)) await client.end().catch(() => undefined)
  })
  afterAll(() => lab.close())

  /** Past the gateway, with the target's own login: what the target alone enforces. */
  const direct = async (name: string) => {
    const client = new Client({
      host: '127.0.0.1',
      port: lab.server.port,
      user: name,
      password: lab.passage().login.secret,
      database: 'shop',
    })
    client.on('error', () => undefined)
    await client.connect()
    open.push(client)
    return client
  }
  const count = async (sql: string) => Number(Object.values((await lab.admin(sql))[0] ?? {})[0])

  it('a login is in its scope, ends by itself, and no secret is stored', async () => {
    await lab.protocol.provision(lab.passage({ name: 'bg_one', remainingMs: 600_000 }))
    const [role] = await lab.admin(
      `select rolcanlogin, rolsuper, rolconnlimit, rolpassword like 'SCRAM-SHA-256$4096:%' as scram,
              extract(epoch from rolvaliduntil - now())::int as seconds, shobj_description(oid, 'pg_authid') as mark
       from pg_authid where rolname = 'bg_one'`,
    )
    expect(role).toMatchObject({
      rolcanlogin: true,
      rolsuper: false,
      rolconnlimit: 32,
      scram: true,
      mark: 'breakglass grant g_lab of shop-db',
    })
    expect(role?.['seconds']).toBeGreaterThan(640)
    expect(role?.['seconds']).toBeLessThanOrEqual(660)
    const client = await direct('bg_one')
    expect((await client.query('select session_user, current_user')).rows).toEqual([
      { session_user: 'bg_one', current_user: 'bg_scope_shop-db.repair' },
    ])
    // Again is the same, with a later end.
    await lab.protocol.provision(lab.passage({ name: 'bg_one', remainingMs: 1_200_000 }))
    expect(
      await count("select extract(epoch from rolvaliduntil - now()) from pg_roles where rolname = 'bg_one'"),
    ).toBeGreaterThan(1200)
  })

  it('the target alone enforces the scope: privileges, hidden columns, odd names', async () => {
    await lab.protocol.provision(lab.passage({ name: 'bg_two' }))
    const client = await direct('bg_two')
    const fails = (sql: string) =>
      client.query(sql).then(
        () => 'done',
        (cause: Error) => cause.message,
      )
    expect(await fails('select id, customer, total from orders')).toBe('done')
    expect(await fails("insert into orders (customer) values ('new')")).toBe('done')
    expect(await fails('select card_number from orders')).toContain('permission denied')
    expect(await fails('select * from orders')).toContain('permission denied')
    expect(await fails('delete from orders')).toContain('permission denied')
    expect(await fails('select * from billing.invoices')).toBe('done')
    expect(await fails('select id from billing."Odd ""name"')).toBe('done')
    expect(await fails('select "a.b" from billing."Odd ""name"')).toContain('permission denied')
    expect(await fails('select * from untouched')).toContain('permission denied')
    expect(await fails('set role breakglass')).toContain('permission denied')
    expect(await fails('create role bg_evil')).toContain('permission denied')
    expect(
      await fails("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'breakglass'"),
    ).toMatch(/permission denied|must be a member/)
  })

  it('a scope can be an existing role', async () => {
    await lab.protocol.provision(lab.passage({ name: 'bg_three', scope: 'owner' }))
    const client = await direct('bg_three')
    expect((await client.query('select current_user')).rows).toEqual([{ current_user: 'orders_owner' }])
  })

  it('requirement 11, 15: disabled, terminated whatever it does, dropped with what it made', async () => {
    const control = lab.protocol.control(lab.target)
    await lab.protocol.provision(lab.passage({ name: 'bg_four' }))
    const clients = await Promise.all([1, 2, 3, 4].map(() => direct('bg_four')))
    const [loop, transaction, copying, sleeping] = clients as [Client, Client, Client, Client]
    const quiet = (work: Promise<unknown>) => void work.catch(() => undefined)
    quiet(
      loop.query(
        'do $$ begin loop begin perform pg_sleep(1); exception when query_canceled then null; end; end loop; end $$',
      ),
    )
    await transaction.query("begin; update orders set customer = 'lost' where id = 1")
    quiet(copying.query('copy orders from stdin'))
    quiet(sleeping.query('select pg_sleep(60)'))
    await new Promise(resolve => setTimeout(resolve, 100))
    await control.disable('bg_four')
    await expect(direct('bg_four')).rejects.toThrow(/not permitted to log in/)
    expect(await control.terminate('bg_four')).toBe(4)
    expect(await count("select count(*) from pg_stat_activity where usename = 'bg_four'")).toBe(0)
    expect(await control.terminate('bg_four')).toBe(0)
    await control.drop('bg_four')
    expect(await count("select count(*) from pg_roles where rolname = 'bg_four'")).toBe(0)
    expect(await count("select count(*) from orders where customer = 'lost'")).toBe(0)
    // All of it again, on a login that is gone.
    await control.disable('bg_four')
    await control.drop('bg_four')
  })

  it('what a login owns goes to its scope, so it can always be dropped', async () => {
    await lab.protocol.provision(lab.passage({ name: 'bg_five' }))
    await lab.admin('create table left_behind (id int); alter table left_behind owner to bg_five')
    await lab.protocol.control(lab.target).drop('bg_five')
    expect(await lab.admin("select tableowner from pg_tables where tablename = 'left_behind'")).toEqual([
      { tableowner: 'bg_scope_shop-db.repair' },
    ])
    await lab.admin('drop table left_behind')
  })

  it('a login that cannot be dropped stays disabled, is named, and is found again', async () => {
    await lab.protocol.provision(lab.passage({ name: 'bg_kept' }))
    await lab.admin('grant select on untouched to bg_kept')
    const control = lab.protocol.control(lab.target)
    await control.disable('bg_kept')
    await expect(control.drop('bg_kept')).rejects.toMatchObject({
      code: 'target.misconfigured',
      facts: { sqlstate: '2BP01' },
    })
    expect(await control.logins()).toContain('bg_kept')
    await lab.admin('revoke select on untouched from bg_kept')
    await control.drop('bg_kept')
    expect(await control.logins()).not.toContain('bg_kept')
  })

  it('finds its leftovers and nobody else', async () => {
    await lab.admin('create role bg_by_the_owner; create role bg_scope_other')
    const names = await lab.protocol.control(lab.target).logins()
    expect(names).toContain('bg_one')
    expect(names.filter(name => name.startsWith('bg_by') || name.startsWith('bg_scope'))).toEqual([])
  })

  it('attack 13: names with quotes, line breaks and SQL in them stay names', async () => {
    const name = `bg_a"b'c\n; drop table orders; --`
    await lab.protocol.provision(lab.passage({ name }))
    expect(await count(`select count(*) from pg_roles where rolname like 'bg_a"%'`)).toBe(1)
    const control = lab.protocol.control(lab.target)
    await control.disable(name)
    await control.terminate(name)
    await control.drop(name)
    expect(await count(`select count(*) from pg_roles where rolname like 'bg_a"%'`)).toBe(0)
    expect(await count('select count(*) from orders')).toBeGreaterThan(0)
    await expect(control.disable('bg_a\0b')).rejects.toThrow(/NUL/)
  })

  it('ends sessions also when every connection slot is taken', async () => {
    await lab.protocol.provision(lab.passage({ name: 'bg_six' }))
    await lab.admin('alter role bg_six connection limit -1')
    const filling: Client[] = []
    for (;;) {
      try {
        filling.push(await direct('bg_six'))
      } catch {
        break
      }
    }
    const control = lab.protocol.control(lab.target)
    await control.disable('bg_six')
    expect(await control.terminate('bg_six')).toBe(filling.length)
  })

  it('a control connection that was lost is made anew', async () => {
    const control = lab.protocol.control(lab.target)
    await control.logins()
    await lab.admin("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'breakglass'")
    await new Promise(resolve => setTimeout(resolve, 50))
    await expect(control.logins()).resolves.toContain('bg_one')
  })

  it('without an installed scope nothing is created, and the fault says what to do', async () => {
    const target: Target = {
      ...lab.target,
      name: 'other',
      scopes: { fresh: { privileges: [{ on: 'public.orders', allow: ['select'] }] } },
    }
    const protocol = createPostgresProtocol({ inspector: lab.inspector })
    const passage = Object.assign(Object.create(Object.getPrototypeOf(lab.passage()) as object), {}) as never
    await expect(protocol.provision(passage)).rejects.toMatchObject({ code: 'internal' })
    const lines = await protocol.check(target)
    expect(lines).toContainEqual({
      ok: false,
      level: 'must',
      what: 'scope fresh: the role bg_scope_other.fresh does not exist',
      next: "Let the target's owner run `breakglass target plan other`.",
    })
    await protocol.control(target).close()
  })

  it('check: all well after the plan, and what everybody gets is listed', async () => {
    await lab.admin('grant select on untouched to public')
    const lines = await lab.protocol.check(lab.target)
    expect(lines.filter(line => !line.ok).map(line => line.what)).toEqual([
      'scope repair: also has select on public.untouched',
    ])
    expect(lines.filter(line => line.level === 'info').map(line => line.what)).toEqual(
      expect.arrayContaining([
        'everybody may use the tables: public.untouched',
        'everybody may create temporary tables',
      ]) as string[],
    )
    await lab.admin('revoke select on untouched from public')
  })

  it('check: sees a missing privilege, a hidden column that shows, a scope that is too strong', async () => {
    await lab.admin(
      'revoke update on orders from "bg_scope_shop-db.repair"; grant select (card_number) on orders to public; grant pg_read_server_files to orders_owner; alter role orders_owner bypassrls',
    )
    const failed = (await lab.protocol.check(lab.target)).filter(line => !line.ok)
    expect(failed.map(line => line.what)).toEqual(
      expect.arrayContaining([
        'scope repair: select, insert, update on public.orders: lacks update on public.orders',
        'scope repair: cannot read orders.card_number: but it can, public.orders.card_number',
        'scope owner: orders_owner has bypass',
        'scope owner: orders_owner is in pg_read_server_files',
      ]) as string[],
    )
    for (const line of failed) expect(line.next).toBeTruthy()
    // The plan brings it back to what is configured; what others granted is theirs.
    await lab.admin(
      'revoke select (card_number) on orders from public; revoke pg_read_server_files from orders_owner; alter role orders_owner nobypassrls',
    )
    await lab.admin(lab.protocol.plan(lab.target))
    expect((await lab.protocol.check(lab.target)).filter(line => !line.ok)).toEqual([])
  })
})
