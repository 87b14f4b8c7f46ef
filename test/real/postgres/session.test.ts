import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { openLab, runProgram, type Lab } from './lab.ts'

describe.skipIf(missing('postgres15', 'psql', 'pgbench').length > 0)(
  'native clients through the gateway',
  () => {
    let lab: Lab
    beforeAll(async () => {
      lab = await openLab()
    })
    afterAll(() => lab.close())

    it('psql: answers a query and records what came of it', async () => {
      const ran = await lab.psql('select count(*) from orders')
      expect(ran).toMatchObject({ code: 0, out: '100\n', err: '' })
      const { action, outcome } = lab.guard().about('select count(*)')
      expect(action).toMatchObject({
        kind: 'query',
        verbs: ['select'],
        writes: false,
        touched: { reads: ['orders'] },
      })
      expect(outcome).toMatchObject({ rows: 1, cut: false, result: 'count\n100\n' })
      await expect(lab.sessions.at(-1)?.end).resolves.toMatchObject({ reason: 'client' })
    })

    it('psql: several commands, errors, notices and an empty query in one session', async () => {
      const ran = await lab.run(
        'psql',
        ['-X', '-A', '-t'],
        {},
        [
          'select 1;',
          'select 1/0;',
          "do $$ begin raise notice 'hello %', 7; end $$;",
          'select 2 \\; select 3;',
          ';',
          '\\d orders',
          'select 4;',
        ].join('\n'),
      )
      expect(ran.code).toBe(0)
      expect(ran.out).toMatch(/^1\nDO\n2\n3\n/)
      expect(ran.out).toMatch(/\n4\n$/)
      expect(ran.err).toContain('division by zero')
      expect(ran.err).toContain('NOTICE:  hello 7')
      expect(lab.guard().about('select 1/0').outcome?.error).toEqual({
        code: '22012',
        message: 'division by zero',
      })
      expect(lab.guard().about('select 2').outcome).toMatchObject({
        rows: 2,
        result: '?column?\n2\n?column?\n3\n',
      })
    })

    it('psql: COPY in and out, with the digest of what went in', async () => {
      const rows = Array.from({ length: 2000 }, (_, i) => `c${i},${i}`).join('\n')
      await lab.psql('create table if not exists public.copied (name text, n int)').catch(() => undefined)
      await lab.admin(
        'create table if not exists public.copied (name text, n int); grant all on public.copied to public',
      )
      const into = await lab.run('psql', ['-X', '-c', '\\copy copied from stdin csv'], {}, `${rows}\n`)
      expect(into).toMatchObject({ code: 0, out: 'COPY 2000\n' })
      const guard = lab.guard()
      const copy = guard.actions.find(one => one.kind === 'copy_in')
      const { createHash } = await import('node:crypto')
      expect(copy?.detail).toEqual({
        sha256: createHash('sha256').update(`${rows}\n`).digest('hex'),
        bytes: rows.length + 1,
      })
      expect(guard.about('COPY').outcome).toMatchObject({ rows: 2000 })
      const out = await lab.run('psql', ['-X', '-c', '\\copy copied to stdout csv'])
      expect(out.out).toBe(`${rows}\n`)
      expect(lab.guard().about('COPY').outcome).toMatchObject({ rows: 2000, cut: true })
      const failing = await lab.run(
        'psql',
        ['-X', '-c', '\\copy copied from stdin csv', '-c', 'select 5'],
        {},
        'a,b,c\n',
      )
      expect(failing.err).toContain('extra data after last expected column')
      expect(failing.out).toContain('5')
    })

    it('psql: COPY inside one message with other statements, and data after an error are handled', async () => {
      const ran = await lab.run(
        'psql',
        ['-X', '-A', '-t'],
        {},
        'copy copied from stdin;\nx\tnot-a-number\n\\.\nselect 6;\n',
      )
      expect(ran.err).toContain('invalid input syntax')
      expect(ran.out).toContain('6')
    })

    it.each(['simple', 'extended', 'prepared'])('pgbench -M %s', async mode => {
      await lab.admin(
        'create table if not exists public.pgbench_accounts (aid int primary key, bid int, abalance int, filler text); grant all on public.pgbench_accounts to public; insert into pgbench_accounts select i, 1, 0 from generate_series(1, 1000) i on conflict do nothing',
      )
      await lab.admin(
        'create table if not exists public.pgbench_branches (bid int, bbalance int); grant all on public.pgbench_branches to public; insert into pgbench_branches values (1, 0)',
      )
      const ran = await lab.run('pgbench', [
        '-n',
        '-S',
        '-M',
        mode,
        '-c',
        '4',
        '-j',
        '2',
        '-t',
        '100',
        '-s',
        '1',
        '-D',
        'scale=1',
      ])
      expect(ran.err).not.toContain('ERROR')
      expect(ran.code).toBe(0)
      expect(ran.out).toContain('number of transactions actually processed: 400/400')
      const guard = lab.guard()
      expect(guard.outcomes.size).toBe(guard.actions.length)
    })

    it('pg_dump reads through the gateway', async () => {
      const ran = await lab.run('pg_dump', ['--schema-only', '-t', 'copied'])
      expect(ran.err).toBe('')
      expect(ran.out).toContain('CREATE TABLE public.copied')
    })

    it('pg_dump -j: several sessions at once, and the data come through', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'bg-dump-'))
      const before = lab.sessions.length
      try {
        const ran = await lab.run('pg_dump', [
          '-Fd',
          '-j',
          '3',
          '-f',
          join(folder, 'dump'),
          '-t',
          'copied',
          '-t',
          'pgbench_accounts',
        ])
        expect(ran).toMatchObject({ code: 0, err: '' })
        expect(lab.sessions.length - before).toBe(4)
        const copied = lab.sessions
          .slice(before)
          .flatMap(one => [...one.guard.outcomes.values()].map(outcome => outcome.rows))
        expect(copied).toEqual(expect.arrayContaining([2000, 1000]) as number[])
      } finally {
        rmSync(folder, { recursive: true })
      }
    })

    it('pg: bind values and results of the extended protocol', async () => {
      const client = await lab.client()
      const { rows } = await client.query('select customer, total from orders where id = $1', [7])
      expect(rows).toEqual([{ customer: 'c7', total: '7' }])
      await client.end()
      const guard = lab.guard()
      const bind = guard.actions.findIndex(one => one.kind === 'bind')
      expect(guard.actions[bind]).toMatchObject({
        values: ['7'],
        verbs: ['select'],
        text: expect.stringContaining('customer') as string,
      })
      expect(guard.outcomes.get(bind + 1)).toMatchObject({ rows: 1, result: 'customer\ttotal\nc7\t7\n' })
    })

    it('pg: rows far larger than any buffer stream through', async () => {
      const client = await lab.client()
      const { rows } = await client.query<{ big: string }>(
        "select repeat('x', 30000000) as big union all select 'y'",
      )
      expect(rows.map(row => row.big.length)).toEqual([30_000_000, 1])
      await client.end()
      expect(lab.guard().about('repeat').outcome).toMatchObject({ rows: 2, cut: true })
    })

    it('psql sees a normal server: version, encoding, its own error fields', async () => {
      const ran = await lab.psql([
        '\\echo :SERVER_VERSION_NUM :ENCODING',
        'select session_user, current_user',
      ])
      expect(ran.out).toMatch(/^15\d{4} UTF8\n/)
      expect(ran.out).toContain(`${lab.loginName}|bg_scope_shop-db.repair`)
    })

    it('the scope is enforced by the target: hidden column, no rights on others', async () => {
      await lab.admin('create table if not exists other_table (a int)')
      const ran = await lab.psql(['select card_number from orders limit 1'])
      expect(ran.err).toContain('permission denied for table orders')
      expect((await lab.psql('select customer from orders where id = 1')).out).toBe('c1\n')
    })

    it('python psycopg2', async context => {
      const ran = await runProgram(
        '/usr/bin/python3',
        [
          '-c',
          `
import psycopg2
c = psycopg2.connect("")
cur = c.cursor()
cur.execute("select customer from orders where id = %s", (3,))
print(cur.fetchone()[0])
cur.execute("update orders set total = total where id = 1")
c.rollback()
print(c.get_transaction_status())
c.close()
`,
        ],
        lab.environment(),
      )
      if (ran.err.includes('No module named')) context.skip('psycopg2: apt-get install python3-psycopg2')
      expect(ran).toMatchObject({ code: 0, out: 'c3\n0\n' })
    })
  },
)
