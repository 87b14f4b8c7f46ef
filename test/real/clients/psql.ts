import { join } from 'node:path'
import { expect } from 'vitest'
import type { Exercise } from './exercise.ts'
import type { Said, Stand } from './stand.ts'

const PSQL = { client: 'psql', needs: { psql: 'postgresql-client' } }
const here = (name: string): string => join(import.meta.dirname, name)

/** What differs from run to run, also directly. */
function steady({ code, out, err }: Said): Said {
  const same = (text: string): string =>
    text.replaceAll(/process with PID \d+/g, 'process with PID *').replaceAll(here(''), '')
  return { code, out: same(out), err: same(err) }
}

/** Tries a way in; what psql says when it is not let in stands in `err`. */
const knock = (stand: Stand, env: Readonly<Record<string, string>>): Promise<Said> =>
  stand.gateway.psql("select 'in'", ['-At'], env)

export const PSQL_EXERCISES: readonly Exercise[] = [
  {
    ...PSQL,
    what: '\\copy both ways (csv, binary, program), \\gset, \\gexec, \\crosstabview, \\d+ and other catalog commands, \\gdesc, FETCH_COUNT, ON_ERROR_ROLLBACK, \\errverbose, notices, LISTEN, \\lo_import, \\lo_export',
    test: [15, 18],
    soak: [],
    result: 'equal',
    async run(stand) {
      const said = await stand.same(async way =>
        steady(await way.run('psql', ['-X', '-q', '-f', here('psql.sql')])),
      )
      expect(said.out).toContain('the same file')
      expect(said.err).toContain('NOTICE:  one')
    },
  },
  {
    ...PSQL,
    what: '-c several times, several statements in one, --single-transaction, -v ON_ERROR_STOP, \\connect to the same database',
    test: [15],
    soak: [18],
    result: 'equal',
    async run(stand) {
      const several = ['-c', 'select 1', '-c', 'select 2; create temp table x (a int); select * from x']
      const whole = ['-c', 'create table st (a int)', '-c', 'insert into st values (1)', '-c', 'select 1/0']
      const left = `select count(*) from pg_class where relname = 'st'`
      const said = await stand.same(async way => [
        await way.run('psql', ['-X', ...several]),
        await way.run('psql', ['-X', '--single-transaction', ...whole]),
        await way.run('psql', ['-X', '-v', 'ON_ERROR_STOP=1', ...whole]),
        await way.psql(`${left};\ndrop table st;\n\\connect\nselect 'again';\n\\unset x`, ['-At']),
      ])
      expect(said.at(-1)).toMatchObject({ code: 0, out: '1\nagain\n' })
    },
  },
  {
    ...PSQL,
    what: 'Ctrl-C in a terminal: ends a statement, a \\watch and a COPY, not the session',
    needs: { ...PSQL.needs, '/usr/bin/python3': 'python3' },
    test: [15],
    soak: [18],
    result: 'works',
    async run(stand) {
      const { code, out, err } = await stand.gateway.run('/usr/bin/python3', [here('terminal.py')], {
        env: { TERM: 'dumb' },
      })
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain('still here')
    },
  },
  {
    ...PSQL,
    what: 'sslmode require, verify-ca and verify-full, channel_binding=require; disable and a wrong authority are turned away',
    test: [15],
    soak: [18],
    result: 'works',
    async run(stand) {
      const let_in = { code: 0, out: 'in\n', err: '' }
      for (const PGSSLMODE of ['require', 'verify-ca', 'verify-full'])
        expect(await knock(stand, { PGSSLMODE, PGCHANNELBINDING: 'require' })).toEqual(let_in)
      const plain = await knock(stand, { PGSSLMODE: 'disable' })
      expect(plain.err).toMatch(/FATAL: {2}emergency access needs TLS\nHINT: .*sslmode=require/)
      const wrong = await knock(stand, { PGSSLROOTCERT: stand.direct.env['PGSSLROOTCERT'] ?? '' })
      expect(wrong.err).toContain('certificate verify failed')
      const secret = await knock(stand, { PGPASSWORD: 'wrong' })
      expect(secret.err).toContain('password authentication failed')
    },
  },
  {
    ...PSQL,
    what: 'is told why: \\password, \\connect to another database, server-side lo_import, search_path in PGOPTIONS, a statement of 2 MB, DDL outside the scope',
    test: [15],
    soak: [18],
    result: 'refused',
    async run(stand) {
      const password = await stand.gateway.psql('\\password\n')
      expect(password.err).toMatch(/breakglass: alter role \(rule roles\)\n.*HINT: .*change roles outside/s)
      const other = await stand.gateway.psql('\\connect postgres\n')
      expect(other.err).toMatch(/this login is for the database "orders" only\n.*HINT: .*dbname=orders/s)
      const files = await stand.gateway.psql(`select lo_import('/etc/passwd');\nselect 'alive';`, ['-At'])
      expect(files.err).toMatch(/rule server_files\)\n.*HINT: .*\\copy/s)
      expect(files.out).toBe('alive\n')
      const options = await stand.gateway.psql('select 1;', [], { PGOPTIONS: '-c search_path=x' })
      expect(options.err).toMatch(/"search_path" is not passed on\nHINT: .*SET changes after connecting/)
      const long = await stand.gateway.psql(`select '${'x'.repeat(2_000_000)}';\nselect 'alive';`, ['-At'])
      expect(long.err).toMatch(/rule too_complex\)\n.*HINT: .*COPY FROM STDIN/s)
      expect(long.out).toBe('alive\n')
      const ddl = await stand.repair.psql(`drop table orders;\nselect 'alive';`, ['-At'])
      expect(ddl.err).toMatch(/breakglass: drop table \(rule ddl\)\n.*HINT: /s)
      expect(ddl.out).toBe('alive\n')
    },
  },
]
