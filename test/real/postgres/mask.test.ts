import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'
import { CLEAR, MASKED_SCHEMA, MASKS, REFUSED, SHOWN } from './mask-world.ts'

const PSYCOPG = '/usr/lib/python3/dist-packages/psycopg2'
const JDBC = '/usr/share/java/postgresql.jar'
const PYTHON = `
import psycopg2, io
db = psycopg2.connect('')
one = db.cursor()
one.execute('SELECT email FROM users WHERE id = %s', (1,))
print(one.fetchone())
named = db.cursor('named')
named.execute('SELECT email FROM users WHERE id < 3 ORDER BY id')
print(named.fetchall())
out = io.StringIO()
db.cursor().copy_expert('COPY (SELECT id, email FROM users WHERE id = 1) TO STDOUT CSV', out)
print(out.getvalue(), end='')
`

describe.skipIf(missing('postgres15', 'psql').length > 0)('masked columns', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab({ schema: MASKED_SCHEMA, rules: { mask: MASKS, resultBytes: 65_536 } })
  })
  afterAll(() => lab?.close())

  /** Everything that was recorded of all sessions so far. */
  const recorded = () =>
    JSON.stringify(
      lab.sessions.flatMap(session => [...session.guard.outcomes.values()].map(one => one.result)),
    )

  it('plain result columns leave masked, everything else as it is', async () => {
    const wrong: string[] = []
    const script = SHOWN.map(([sql]) => `${sql};\n\\echo ==`).join('\n')
    const ran = await lab.run('psql', ['-X', '-A', '-t'], {}, script)
    const answers = ran.out.split('==\n')
    for (const [index, [sql, rows]] of SHOWN.entries())
      if (answers[index] !== rows)
        wrong.push(`${sql}\n  wanted ${JSON.stringify(rows)}\n  got    ${JSON.stringify(answers[index])}`)
    expect(ran.err).not.toContain('ERROR')
    expect(wrong.join('\n')).toBe('')
    expect(recorded()).not.toMatch(/sesame(?!\.example)/)
  })

  it('attack 14: every other use of a masked column is refused, simple and extended', async () => {
    const client = await lab.client()
    const wrong: string[] = []
    for (const sql of REFUSED) {
      for (const queryMode of ['simple', 'extended'] as const) {
        if (queryMode === 'extended' && sql.startsWith('SELECT 1')) continue
        const said = await client.query({ text: sql, ...(queryMode === 'extended' && { queryMode }) }).then(
          result => JSON.stringify(result.rows ?? result),
          (error: Error & { code?: string; detail?: string }) =>
            `${error.code} ${error.message} ${error.detail ?? ''}`,
        )
        if (!said.startsWith('42501') || !said.includes('rule masked_column') || CLEAR.test(said))
          wrong.push(`${queryMode}: ${sql}\n  ${said.slice(0, 300)}`)
      }
    }
    expect(wrong.join('\n')).toBe('')
    await client.end()
  })

  it('rows of a portal are masked in binary too, and when nobody asked for their description', async () => {
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    const binary = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0, 1])
    const bind = (portal: string, statement: string) =>
      say.message('B', portal, statement, binary.subarray(2))
    await client.ask([
      say.parse('s', 'SELECT id, email, born FROM users WHERE id = 1'),
      bind('', 's'),
      say.execute(''),
      bind('p', 's'),
      say.execute('p', 1),
      say.execute('p'),
      say.sync(),
    ])
    expect(client.tags()).toBe('12DC2DsCZ')
    const masked = Buffer.from('00030000000400000001', 'hex')
    for (const { body } of client.received.filter(one => one.tag === 'D')) {
      expect(body.subarray(0, 10)).toEqual(masked)
      expect(body.subarray(14, 29).toString()).toBe('***@example.org')
      expect(body.subarray(29)).toEqual(Buffer.from('ffffffff', 'hex'))
    }
    client.destroy()
  })

  it('cursors, PREPARE and EXECUTE keep the mask, also a cursor that is read by Execute', async () => {
    const script = `begin; declare c cursor for select email as hidden from users order by id;
fetch 1 from c; fetch relative 0 from c; close c; commit;
prepare p as select email as e2, id from users where id = $1; execute p(1); explain (costs off) execute p(2);
deallocate p;`
    const ran = await lab.run('psql', ['-X', '-qAt'], {}, script)
    expect(ran.out).toMatch(/^\*\*\*@example.org\n\*\*\*@example.org\n\*\*\*@example.org\|1\n/)
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    await client.ask([say.query('begin; declare c cursor for select email from users order by id')])
    await client.ask([say.execute('c', 1), say.sync()])
    expect(client.tags()).toBe('DsZ')
    expect(client.received[0]?.body.toString()).toContain('***@example.org')
    client.destroy()
  })

  it('a value that moves to another table by search_path after Parse is masked by what the portal reads', async () => {
    await lab.admin('CREATE TABLE other.people2 (iban text, note text)')
    await lab.admin(
      "CREATE TABLE people2 (note text, iban text); INSERT INTO people2 VALUES ('n', 'IB sesame 0000')",
    )
    await lab.admin('GRANT ALL ON other.people2, people2 TO public')
    const client = await RawClient.login(lab.port, LOGIN, SECRET)
    await client.ask([say.query('set search_path = other')])
    await client.ask([say.parse('s', 'SELECT iban FROM people2'), say.sync()])
    await client.ask([say.query('set search_path = public')])
    await client.ask([say.bind('', 's'), say.execute(''), say.sync()])
    expect(client.received.find(one => one.tag === 'D')?.body.toString()).toContain('***0000')
    client.destroy()
  })

  it('a long row is masked as it passes, on both sides of what is long', async () => {
    await lab.admin(`CREATE TABLE long (before text, iban text, behind text); GRANT ALL ON long TO public;
      INSERT INTO long VALUES (repeat('b', 300000), 'long sesame 4444', repeat('c', 300000)),
      (repeat('b', 10), repeat('sesame', 50000) || '5555', repeat('c', 10))`)
    const client = await lab.client()
    const { rows } = await client.query<Record<string, string>>('SELECT * FROM long ORDER BY before DESC')
    expect(rows.map(row => [row['before']?.length, row['iban'], row['behind']?.length])).toEqual([
      [300_000, '***4444', 300_000],
      [10, '***5555', 10],
    ])
    const copied = await lab.psql('COPY long TO STDOUT')
    expect(copied.out.split('\n').map(line => line.length)).toEqual([300_000 + 9 + 300_000, 29, 0])
    expect(copied.out).not.toMatch(CLEAR)
    await client.end()
  })

  it('an error does not quote the row that failed', async () => {
    const client = await lab.client()
    const failed = await client
      .query('UPDATE users SET name = NULL WHERE id = 1')
      .catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: '23502' })
    expect((failed as { detail?: string }).detail).toBeUndefined()
    await client.end()
  })

  it('pg_dump of tables gives masked data that can be restored', async () => {
    const dump = await lab.run('pg_dump', ['--data-only', '-t', 'people', '-t', 'staff', '--no-sync'])
    expect(dump.out).toContain('***9999\tnick')
    expect(dump.out).not.toMatch(CLEAR)
  })

  it.skipIf(!existsSync(PSYCOPG))('psycopg2: rows, named cursors, copy_expert', async () => {
    const ran = await lab.run('/usr/bin/python3', ['-c', PYTHON])
    expect(ran.out).toBe(
      "('***@example.org',)\n[('***@example.org',), ('***@example.net',)]\n1,***@example.org\n",
    )
  })

  it.skipIf(!existsSync(JDBC) || !existsSync('/usr/bin/java'))(
    'JDBC: binary, prepared on the server, fetch size',
    async () => {
      const ran = await lab.run('java', [
        '-cp',
        JDBC,
        join(import.meta.dirname, '..', 'clients', 'JdbcMasks.java'),
      ])
      expect(ran.out).toBe('***@example.org null\n'.repeat(8) + '3\n')
    },
  )

  it('the person is told at the start, and a mask for a column that is gone opens no session', async () => {
    const told = await lab.psql('SELECT 1')
    expect(told.err).toContain('breakglass masks users.email (domain is kept)')
    lab.prepareGuard(guard =>
      Object.assign(guard, { rules: { ...guard.rules, mask: [{ column: 'users.mail', keep: 'nothing' }] } }),
    )
    const refused = await lab.psql('SELECT 1')
    lab.prepareGuard(() => undefined)
    expect(refused.err).toContain('the procedure masks users.mail, and users has no such column')
    expect(refused.out).toBe('')
  })
})
