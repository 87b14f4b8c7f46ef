import { join } from 'node:path'
import type { Exercise } from './exercise.ts'
import { compile, type Driver, driverExercises } from './driver.ts'

const program = (name: string): string => join(import.meta.dirname, name)
const PYTHON = '/usr/bin/python3'
const packages = '/usr/lib/python3/dist-packages'
const JDBC = '/usr/share/java/postgresql.jar'
const GO = '/usr/share/gocode/src/github.com'

/** Without the network: the libraries are Debian's, in GOPATH. */
function go(folder: string, source: string): readonly string[] {
  const binary = join(folder, source.replace('.go', ''))
  const env = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(folder, 'cache'), GOFLAGS: '' }
  compile('go', ['build', '-o', binary, program(source)], env)
  return [binary]
}

const DRIVERS: readonly Driver[] = [
  {
    client: 'psycopg2',
    needs: { [`${packages}/psycopg2`]: 'python3-psycopg2' },
    does: 'types, PREPARE, execute_values, COPY csv and binary, notices, statement_timeout, cancel (also of a COPY), LISTEN with select(), named, scrollable and held cursors, a statement of 1 MB, async',
    command: () => [PYTHON, program('psycopg2_client.py')],
  },
  {
    client: 'psycopg 3',
    needs: { [`${packages}/psycopg`]: 'python3-psycopg' },
    does: 'text and binary, prepared statements, pipelines (also with an error in the middle), COPY binary and given up half way, cursors, savepoints, cancel, LISTEN, asyncio',
    command: () => [PYTHON, program('psycopg3_client.py')],
  },
  {
    client: 'asyncpg',
    needs: { [`${packages}/asyncpg`]: 'python3-asyncpg' },
    does: 'binary everywhere, type lookup, two portals in turn, executemany, COPY binary, timeouts, LISTEN, notices, a pool with RESET',
    command: () => [PYTHON, program('asyncpg_client.py')],
  },
  {
    client: 'SQLAlchemy',
    needs: { [`${packages}/sqlalchemy`]: 'python3-sqlalchemy', [`${packages}/psycopg2`]: 'python3-psycopg2' },
    does: 'tables made and reflected, ORM, streamed results',
    command: () => [PYTHON, program('sqlalchemy_client.py')],
    refusals: false,
  },
  {
    client: 'JDBC',
    needs: { [JDBC]: 'libpostgresql-jdbc-java', javac: 'default-jdk-headless' },
    does: 'prepared statements, batches with reWriteBatchedInserts, CopyManager binary, two result sets by setFetchSize in turn, cancel, query timeout, notifications, DatabaseMetaData',
    short: ['&prepareThreshold=1&binaryTransfer=true&reWriteBatchedInserts=true'],
    long: [
      '',
      '&preferQueryMode=simple',
      '&prepareThreshold=1&binaryTransfer=true&reWriteBatchedInserts=true',
      '&preferQueryMode=extendedForPrepared',
      '&preferQueryMode=extendedCacheEverything&autosave=always',
    ],
    command(folder) {
      compile('javac', ['-cp', JDBC, '-d', folder, program('Jdbc.java')])
      return ['java', '-cp', `${JDBC}:${folder}`, 'Jdbc']
    },
  },
  {
    client: 'Go lib/pq',
    needs: { go: 'golang-go', [`${GO}/lib/pq`]: 'golang-github-lib-pq-dev' },
    does: 'prepared statements, several results, CopyIn, read-only transactions, cancel by context, Listener',
    command: folder => go(folder, 'go_pq.go'),
  },
  {
    client: 'Go pgx 4',
    needs: { go: 'golang-go', [`${GO}/jackc/pgx`]: 'golang-github-jackc-pgx-v4-dev' },
    does: 'statement cache, batches in one write (also with an error in the middle), COPY, simple protocol, cancel by context, notifications',
    command: folder => go(folder, 'go_pgx.go'),
    test: [],
  },
  {
    client: 'node-postgres',
    needs: {},
    does: 'text and binary, named statements, queued queries, portals read in parts, notices, LISTEN, cancel, timeouts, a pool',
    command: () => [process.execPath, '--no-deprecation', program('node_pg.mjs')],
    test: [15, 18],
  },
  {
    client: 'PHP PDO',
    needs: { php: 'php-cli', '/etc/php/8.2/mods-available/pdo_pgsql.ini': 'php-pgsql' },
    does: 'prepared and emulated statements, COPY, large objects, scrollable cursors, LISTEN',
    command: () => ['php', program('php_pdo.php')],
  },
]

export const DRIVER_EXERCISES: readonly Exercise[] = DRIVERS.flatMap(driverExercises)
