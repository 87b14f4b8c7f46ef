import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../../src/kernel/target.ts'
import { missing } from '../servers/missing.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { installPlan, openLab, type Lab } from './lab.ts'

/** Odd enough that psql would take it for a connection string. */
const ODD = `od"d name='x'`

describe.skipIf(missing('postgres15', 'psql', 'openssl').length > 0)(
  'several databases of one server',
  () => {
    let server: PostgresServer
    let lab: Lab
    const admin = async (sql: string, database = 'postgres') => {
      const { port, adminPassword: password } = server
      const client = new Client({ host: '127.0.0.1', port, user: 'postgres', password, database })
      await client.connect()
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows
      } finally {
        await client.end()
      }
    }
    beforeAll(async () => {
      server = await startPostgres()
      for (const database of ['shop', 'billing', ODD, 'private'])
        await admin(`create database "${database.replaceAll('"', '""')}"`)
      await admin(
        'create table invoices (id int, iban text); create table events (id int); create table orders (id int, card_number text); insert into orders values (7, null)',
        'billing',
      )
      await admin('create table events (id int, body text)', ODD)
      lab = await openLab({
        on: server,
        schema: 'create table orders (id int, card_number text); create table events (id int)',
        settings: { database: undefined, databases: ['shop', 'billing', ODD] },
        target: {
          scopes: {
            repair: {
              privileges: [
                { on: 'public.orders', allow: ['select', 'update'] },
                { on: 'public.events', allow: ['select'] },
                { on: 'billing.public.invoices', allow: ['select'] },
              ],
              hide: ['orders.card_number', 'billing.public.invoices.iban'],
            },
          },
        },
      })
    })
    afterAll(async () => {
      await lab.close()
      await server.stop()
    })

    it('a person chooses by the name in their client; the first is the default; others are refused', async () => {
      const database = async (name: string) => {
        const { out, err } = await lab.psql('select current_database()', { PGDATABASE: name })
        return out.trim() || err
      }
      expect(await database('')).toBe('shop')
      expect(await database('shop')).toBe('shop')
      expect(await database('billing')).toBe('billing')
      expect(lab.facts()).toMatchObject({ database: 'billing' })
      const odd = await lab.client({ database: ODD })
      expect((await odd.query('select current_database()')).rows).toEqual([{ current_database: ODD }])
      expect(lab.facts()).toMatchObject({ database: ODD })
      expect(await database('private')).toMatch(/for the databases "shop", "billing", .* only/)
      expect(await database('billing ')).toMatch(/for the databases/)
    })

    it('a scope holds in each, `hide` too, and an entry with a database in that one only', async () => {
      const says = async (database: string, sql: string) => {
        const { out, err } = await lab.psql(sql, { PGDATABASE: database })
        return err.includes('permission denied') ? 'denied' : err === '' ? out.trim() : err
      }
      expect(await says('shop', 'select count(id) from orders')).toBe('0')
      expect(await says('billing', 'select id from orders')).toBe('7')
      expect(await says('shop', 'select card_number from orders')).toBe('denied')
      expect(await says('billing', 'select card_number from orders')).toBe('denied')
      expect(await says('billing', 'select id from invoices')).toBe('')
      expect(await says('billing', 'select iban from invoices')).toBe('denied')
      expect(await says('billing', 'delete from orders')).toBe('denied')
    })

    it('check goes through each, and names the database of what is wrong', async () => {
      const failing = async () =>
        (await lab.protocol.check(lab.target)).filter(line => !line.ok).map(line => line.what)
      expect(await failing()).toEqual([])
      await admin('revoke select on events from "bg_scope_shop-db.repair"', 'billing')
      await admin('grant select (card_number) on orders to public', 'billing')
      await admin(
        'revoke connect on database shop from public, "bg_scope_shop-db.repair"; grant connect on database shop to breakglass',
      )
      expect(await failing()).toEqual([
        'scope repair: bg_scope_shop-db.repair may not connect to shop',
        'scope repair: select on public.events: lacks select on billing.public.events',
        'scope repair: cannot read orders.card_number: but it can, billing.public.orders.card_number',
      ])
      await admin('revoke select (card_number) on orders from public', 'billing')
      await installPlan(server, 'shop', lab.protocol.plan(lab.target))
      expect(await failing()).toEqual([])
    })

    it('check says which database is not there, and goes on with the others', async () => {
      const target: Target = {
        ...lab.target,
        settings: { ...lab.target.settings, databases: ['shop', 'billing', ODD, 'gone'] },
      }
      const failing = (await lab.protocol.check(target)).filter(line => !line.ok)
      expect(failing.map(line => line.what)).toEqual([
        'no connection to the database gone: database "gone" does not exist',
      ])
    })

    it('an entry that names no database of the target is refused by name', () => {
      const scopes = { repair: { privileges: [{ on: 'ledger.public.orders', allow: ['select'] }] } }
      expect(() => lab.protocol.checkSettings({ ...lab.target, scopes })).toThrow(
        /ledger is not a database of the target/,
      )
      const settings = { ...lab.target.settings, database: 'shop' }
      expect(() => lab.protocol.checkSettings({ ...lab.target, settings })).toThrow(
        /either `database` or `databases`/,
      )
    })

    it('requirement 11, 15: the end ends it in all of them, and what it owns goes to the scope in each', async () => {
      await lab.protocol.provision(lab.passage({ name: 'bg_many' }))
      const sessions = await Promise.all(
        ['shop', 'billing', ODD].map(async database => {
          const client = new Client({
            host: '127.0.0.1',
            port: server.port,
            user: 'bg_many',
            password: lab.passage().login.secret,
            database,
          })
          const gone = new Promise<string>(resolve => client.on('error', cause => resolve(cause.message)))
          await client.connect()
          return { gone }
        }),
      )
      for (const database of ['billing', ODD])
        await admin('create table made (id int); alter table made owner to bg_many', database)
      const control = lab.protocol.control(lab.target)
      await control.disable('bg_many')
      expect(await control.terminate('bg_many')).toBe(3)
      for (const { gone } of sessions) expect(await gone).toMatch(/terminat/)
      await control.drop('bg_many')
      for (const database of ['billing', ODD])
        expect(await admin(`select tableowner from pg_tables where tablename = 'made'`, database)).toEqual([
          { tableowner: 'bg_scope_shop-db.repair' },
        ])
      for (const database of ['billing', ODD]) await admin('drop table made', database)
      expect(await admin(`select count(*)::int as n from pg_roles where rolname = 'bg_many'`)).toEqual([
        { n: 0 },
      ])
    })

    it('requirement 14: two targets on one server keep out of each other’s way', async () => {
      const neighbour: Target = {
        ...lab.target,
        name: 'shop-db2',
        scopes: { repair: { privileges: [{ on: 'public.events', allow: ['select'] }] } },
        settings: { ...lab.target.settings, databases: undefined, database: 'shop' },
      }
      await installPlan(server, 'shop', lab.protocol.plan(neighbour))
      const there = lab.protocol.control(neighbour)
      await lab.protocol.provision(lab.passage({ name: 'bg_here' }))
      await lab.protocol.provision(lab.passage({ name: 'bg_there', target: neighbour }))
      const here = lab.protocol.control(lab.target)
      expect(await here.logins()).toContain('bg_here')
      expect(await here.logins()).not.toContain('bg_there')
      expect(await there.logins()).toEqual(['bg_there'])
      expect(
        await admin(
          `select pg_has_role('bg_there', 'bg_scope_shop-db.repair', 'MEMBER') as wrong, pg_has_role('bg_there', 'bg_scope_shop-db2.repair', 'MEMBER') as right`,
        ),
      ).toEqual([{ wrong: false, right: true }])
      // The neighbour's plan and end change nothing here.
      await there.drop('bg_there')
      expect((await lab.protocol.check(lab.target)).filter(line => !line.ok)).toEqual([])
      expect((await lab.psql('select count(id) from orders', { PGDATABASE: 'billing' })).out).toBe('1\n')
      await here.drop('bg_here')
      await there.close()
    })
  },
)
