import { expect } from 'vitest'
import type { Exercise } from './exercise.ts'
import type { Said, Way } from './stand.ts'

const DRIVER = '/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so'
const SCRIPT = `select count(*), sum(total) from orders
select * from orders where id <= 3 order by id
select 1/0
update orders set total = total where id = 1
help orders
help
select id from orders order by id
`

/** Everything is in the connection string; only the authority comes from libpq's environment. */
function isql(way: Way, script: string): Promise<Said> {
  const { PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD } = way.env
  const login = `Servername=${PGHOST};Port=${PGPORT};Database=${PGDATABASE};UID=${PGUSER};PWD=${PGPASSWORD}`
  const options = 'SSLmode=verify-full;UseDeclareFetch=1;Fetch=1000;UseServerSidePrepare=1'
  return way.run('isql', ['-b', '-v', '-k', `Driver=${DRIVER};${login};${options};`], { input: script })
}

const ODBC = { client: 'psqlODBC (isql)', needs: { isql: 'unixodbc', [DRIVER]: 'odbc-postgresql' } }

export const ODBC_EXERCISES: readonly Exercise[] = [
  {
    ...ODBC,
    what: 'statements, catalog, results by cursor (UseDeclareFetch), an error that leaves the connection usable',
    test: [15],
    soak: [18],
    result: 'equal',
    async run(stand) {
      const { code, out } = await stand.same(way => isql(way, SCRIPT))
      expect(code).toBe(0)
      expect(out).toMatch(/division by zero/)
      expect(out).toContain('5000 rows fetched')
    },
  },
  {
    ...ODBC,
    what: 'shows a refusal, and goes on',
    test: [15],
    soak: [18],
    result: 'refused',
    async run(stand) {
      const { out } = await isql(stand.repair, 'drop table orders\nselect count(*) from orders\n')
      expect(out).toMatch(/breakglass: drop table \(rule ddl\)/)
      expect(out).toContain('| 5000 ')
    },
  },
]
