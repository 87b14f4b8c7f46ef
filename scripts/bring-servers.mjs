// The real servers and clients of the tests. On Debian as root they are installed; elsewhere what is missing is named
// and the suites that need it are skipped, visibly.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

const GO = '/usr/share/gocode/src/github.com'

const NEEDED = [
  { what: 'PostgreSQL 15 server', found: '/usr/lib/postgresql/15/bin/postgres', package: 'postgresql' },
  { what: 'psql', found: '/usr/bin/psql', package: 'postgresql-client' },
  { what: 'sshd', found: '/usr/sbin/sshd', package: 'openssh-server' },
  { what: 'busybox', found: '/usr/bin/busybox', package: 'busybox' },
  { what: 'ssh', found: '/usr/bin/ssh', package: 'openssh-client' },
  { what: 'git', found: '/usr/bin/git', package: 'git' },
  { what: 'rsync', found: '/usr/bin/rsync', package: 'rsync' },
  { what: 'zsh', found: '/usr/bin/zsh', package: 'zsh' },
  { what: 'fish', found: '/usr/bin/fish', package: 'fish' },
  { what: 'vim', found: '/usr/bin/vim', package: 'vim' },
  { what: 'expect', found: '/usr/bin/expect', package: 'expect' },
  { what: 'xauth', found: '/usr/bin/xauth', package: 'xauth' },
  { what: 'ssh-audit', found: '/usr/bin/ssh-audit', package: 'ssh-audit' },
  { what: 'paramiko', found: '/usr/lib/python3/dist-packages/paramiko', package: 'python3-paramiko' },
  { what: 'Ansible', found: '/usr/bin/ansible', package: 'ansible-core' },
  { what: 'PgBouncer', found: '/usr/sbin/pgbouncer', package: 'pgbouncer' },
  { what: 'Alertmanager', found: '/usr/bin/prometheus-alertmanager', package: 'prometheus-alertmanager' },
  { what: 'Chromium', found: '/usr/bin/chromium', package: 'chromium' },
  { what: 'psycopg2', found: '/usr/lib/python3/dist-packages/psycopg2', package: 'python3-psycopg2' },
  { what: 'Java', found: '/usr/bin/java', package: 'default-jdk-headless' },
  { what: 'PostgreSQL JDBC', found: '/usr/share/java/postgresql.jar', package: 'libpostgresql-jdbc-java' },
  { what: 'psycopg 3', found: '/usr/lib/python3/dist-packages/psycopg', package: 'python3-psycopg' },
  { what: 'asyncpg', found: '/usr/lib/python3/dist-packages/asyncpg', package: 'python3-asyncpg' },
  { what: 'SQLAlchemy', found: '/usr/lib/python3/dist-packages/sqlalchemy', package: 'python3-sqlalchemy' },
  { what: 'Go', found: '/usr/bin/go', package: 'golang-go' },
  { what: 'lib/pq', found: `${GO}/lib/pq`, package: 'golang-github-lib-pq-dev' },
  { what: 'pgx', found: `${GO}/jackc/pgx`, package: 'golang-github-jackc-pgx-v4-dev' },
  { what: 'PHP', found: '/usr/bin/php', package: 'php-cli' },
  { what: 'PHP PDO', found: '/etc/php/8.2/mods-available/pdo_pgsql.ini', package: 'php-pgsql' },
  { what: 'isql', found: '/usr/bin/isql', package: 'unixodbc' },
  { what: 'psqlODBC', found: '/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so', package: 'odbc-postgresql' },
  { what: 'sqitch', found: '/usr/bin/sqitch', package: 'sqitch' },
  { what: 'sysbench', found: '/usr/bin/sysbench', package: 'sysbench' },
  { what: 'libfaketime', found: '/usr/bin/faketime', package: 'faketime' },
  { what: 'strace', found: '/usr/bin/strace', package: 'strace' },
  // What builds the C parts of PostgreSQL's own tests.
  { what: 'gcc', found: '/usr/bin/gcc', package: 'gcc' },
  { what: 'C headers', found: '/usr/include/stdio.h', package: 'libc6-dev' },
  { what: 'libpq headers', found: '/usr/include/postgresql/libpq-fe.h', package: 'libpq-dev' },
  { what: 'bzip2', found: '/usr/bin/bzip2', package: 'bzip2' },
]

/** Resolves when they are here, or it was said that they are not. */
export async function bringServers() {
  const missing = NEEDED.filter(({ found }) => !existsSync(found))
  if (missing.length === 0) return
  const names = missing.map(({ what }) => what).join(', ')
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.log(`Not here, their tests are skipped: ${names}.`)
    console.log(`On Debian: apt-get install ${missing.map(entry => entry.package).join(' ')}`)
    return
  }
  console.log(`Installing for the tests: ${names} …`)
  // One shell for both steps, so that it goes on while we wait for npm.
  const steps = `apt="apt-get -qq -o Dpkg::Use-Pty=0"; $apt update; exec $apt install -y --no-install-recommends "$@"`
  const apt = spawn('sh', ['-c', steps, 'sh', ...missing.map(entry => entry.package)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  const [status] = await once(apt, 'exit')
  if (status !== 0) console.log('Some could not be installed; their tests are skipped.')
}
