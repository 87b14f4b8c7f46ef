import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { openLab, type Lab } from './lab.ts'

describe.each([
  { version: 15, program: 'postgres15' },
  { version: 18, program: 'postgres18' },
] as const)('PostgreSQL $version without a free slot', ({ version, program }) => {
  describe.skipIf(missing(program, 'psql', 'openssl').length > 0)('from end to end', () => {
    let lab: Lab
    const taken: Client[] = []
    beforeAll(async () => {
      lab = await openLab({
        server: {
          version,
          settings: { max_connections: '12', ...(version >= 16 && { reserved_connections: '4' }) },
        },
        settings: { dormant: 1 },
      })
      await lab.protocol.control(lab.target).close()
      await lab.admin(`create role application login password 'app'`)
    })
    afterEach(async () => {
      for (const client of taken.splice(0)) await client.end().catch(() => undefined)
      await lab.protocol.control(lab.target).close()
    })
    afterAll(() => lab.close())

    const connect = async (user: string, password: string) => {
      const client = new Client({
        host: '127.0.0.1',
        port: lab.server.port,
        user,
        password,
        database: 'shop',
      })
      client.on('error', () => undefined)
      await client.connect()
      return client
    }
    /** The application takes every slot it can get. */
    const exhaust = async () => {
      for (;;) {
        try {
          taken.push(await connect('application', 'app'))
        } catch (cause) {
          expect((cause as { code?: string }).code).toBe('53300')
          return
        }
      }
    }

    it.runIf(version >= 16)('a login is made, gets in, and is ended: reserved_connections', async () => {
      await exhaust()
      await lab.protocol.provision(lab.passage())
      expect((await lab.psql('select current_user')).out).toBe('bg_scope_shop-db.repair\n')
      await lab.protocol.provision(lab.passage({ name: 'bg_full' }))
      const inside = await connect('bg_full', lab.passage().login.secret)
      const gone = inside.query('select pg_sleep(60)').catch((cause: Error) => cause.message)
      const control = lab.protocol.control(lab.target)
      await control.disable('bg_full')
      expect(await control.terminate('bg_full')).toBe(1)
      expect(await gone).toMatch(/terminat/)
      await control.drop('bg_full')
    })

    it.runIf(version >= 16)('a dormant login gets in too', async () => {
      const [dormant] = lab.protocol.dormant?.of(lab.target) ?? []
      const login = { name: dormant?.name ?? '', secret: 'sealed-for-now' }
      await lab.protocol.dormant?.arm(lab.target, login, 3_600_000)
      await exhaust()
      const inside = await connect(login.name, login.secret)
      expect((await inside.query('select current_user as role')).rows).toEqual([
        { role: 'bg_scope_shop-db.repair' },
      ])
      expect(await lab.protocol.control(lab.target).terminate(login.name)).toBe(1)
    })

    it.runIf(version < 16)(
      'nobody but a superuser gets in, and the fault says so in the server’s words',
      async () => {
        await exhaust()
        await expect(lab.protocol.provision(lab.passage({ name: 'bg_full' }))).rejects.toMatchObject({
          code: 'target.unreachable',
          facts: { sqlstate: '53300' },
        })
        const { code, err } = await lab.psql('select 1')
        expect(code).toBe(2)
        expect(err).toContain('remaining connection slots are reserved')
        // What check says of it, once it can ask.
        await taken.pop()?.end()
        const told = async () => (await lab.protocol.check(lab.target)).map(line => line.what)
        await expect
          .poll(told)
          .toContain(
            'before PostgreSQL 16 no slots can be kept for emergencies: when max_connections is reached, only superusers get in',
          )
      },
    )

    it('what was connected when the slots ran out can still be ended', async () => {
      await lab.protocol.provision(lab.passage({ name: 'bg_before' }))
      const inside = await connect('bg_before', lab.passage().login.secret)
      const gone = inside.query('select pg_sleep(60)').catch((cause: Error) => cause.message)
      await exhaust()
      const control = lab.protocol.control(lab.target)
      await control.disable('bg_before')
      expect(await control.terminate('bg_before')).toBe(1)
      expect(await gone).toMatch(/terminat/)
      await control.drop('bg_before')
    })

    it('check sees a dormant login that is missing, shut, or without a secret', async () => {
      const name = 'bg_dormant_shop-db.repair.1'
      const about = async () =>
        (await lab.protocol.check(lab.target))
          .filter(line => line.what.includes(name))
          .map(({ ok, what, next }) => ({ ok, what, next }))
      await lab.protocol.dormant?.arm(lab.target, { name, secret: 'x' }, 3_600_000)
      const [well] = await about()
      expect(well).toMatchObject({
        ok: true,
        what: expect.stringContaining('waits, sealed, until 20') as string,
      })
      await lab.admin(`alter role "${name}" nologin`)
      expect((await about())[0]).toMatchObject({ ok: false, next: `ALTER ROLE "${name}" LOGIN;` })
      await lab.admin(`alter role "${name}" login valid until 'yesterday'`)
      expect((await about())[0]).toMatchObject({ ok: false })
      await lab.admin(`drop role "${name}"`)
      expect((await about())[0]).toMatchObject({
        ok: false,
        what: expect.stringContaining('not installed') as string,
      })
      await lab.admin(lab.protocol.plan(lab.target))
      expect((await about())[0]).toMatchObject({
        ok: false,
        what: expect.stringContaining('no secret yet') as string,
      })
    })
  })
})
