/**
 * `node --import tsx test/dialogues/record.ts`: records the dialogues anew, from real clients with real servers. They are
 * kept in the repository so that replaying them needs neither.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { startPostgres } from '../real/servers/postgres.ts'
import { writeDialogue, type Turn } from './dialogue.ts'
import { recordingProxy } from './recording-proxy.ts'

const execute = promisify(execFile)
const CLIENTS = join(import.meta.dirname, 'clients')
/** A longer answer is left out together with its question, a simple query that selects: pg_dump reads all catalogues. */
const LONGEST_ANSWER = 24_000

const SCHEMA = `
  CREATE TABLE orders (id int PRIMARY KEY, customer text, total numeric, photo bytea);
  INSERT INTO orders SELECT i, 'customer ' || i, i * 1.5, decode(md5(i::text), 'hex') FROM generate_series(1, 60) i;
  CREATE TABLE notes (id serial PRIMARY KEY, body text);
  CREATE VIEW large AS SELECT id, total FROM orders WHERE total > 30;
  CREATE FUNCTION shout(what text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'heard %', what; RETURN upper(what); END $$;
`

/** Client by name, and what starts it; the environment names the server as libpq reads it. */
const RUNS: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  psql: ['psql', '-X', '-f', join(CLIENTS, 'session.sql')],
  psycopg2: ['/usr/bin/python3', join(CLIENTS, 'session.py')],
  jdbc: ['java', '-cp', '/usr/share/java/postgresql.jar', join(CLIENTS, 'Session.java')],
  'node-postgres': [process.execPath, join(CLIENTS, 'session.mjs')],
  pg_dump: ['pg_dump', '--inserts', '--rows-per-insert=20', '-t', 'orders', '-t', 'large'],
  'pgbench-extended': ['pgbench', '-n', '-t', '3', '-M', 'extended', '-f', join(CLIENTS, 'bench.sql')],
  'pgbench-pipeline': ['pgbench', '-n', '-t', '2', '-M', 'prepared', '-f', join(CLIENTS, 'pipeline.sql')],
}

for (const version of [15, 18] as const) {
  const server = await startPostgres({ version, auth: 'trust' })
  try {
    for (const [client, [command, ...args]] of Object.entries(RUNS)) {
      // pg_dump refuses a server newer than itself.
      if (client === 'pg_dump' && version === 18) continue
      await prepare(server.adminUrl)
      const proxy = await recordingProxy(server.port)
      await execute(command, args, {
        env: {
          ...process.env,
          PGHOST: '127.0.0.1',
          PGPORT: String(proxy.port),
          PGUSER: 'recorder',
          PGDATABASE: 'shop',
          PGSSLMODE: 'disable',
          PGGSSENCMODE: 'disable',
          PSQL_PAGER: '',
        },
        maxBuffer: 1 << 26,
      })
      proxy.close()
      for (const [index, dialogue] of proxy.recorded.entries()) {
        const turns = dialogue.turns.filter(
          (turn, at) => !isLong(dialogue.turns[turn.from === 'client' ? at + 1 : at]),
        )
        const bytes = turns.reduce((sum, turn) => sum + turn.bytes.length, 0)
        if (bytes < 100) continue
        const name = `${client}-${version}${index === 0 ? '' : `-${index + 1}`}`
        writeDialogue({ name, greeting: dialogue.greeting, turns })
        console.log(`${name}: ${turns.length} turns, ${bytes} bytes`)
      }
    }
  } finally {
    await server.stop()
  }
}

function isLong(answer: Turn | undefined): boolean {
  return answer?.from === 'target' && answer.bytes.length > LONGEST_ANSWER && answer.bytes[0] === 0x54
}

async function prepare(adminUrl: string): Promise<void> {
  await asAdmin(adminUrl, [
    'DROP DATABASE IF EXISTS shop',
    'DROP ROLE IF EXISTS recorder',
    'CREATE ROLE recorder LOGIN',
    'CREATE DATABASE shop OWNER recorder',
  ])
  await asAdmin(adminUrl.replace(/postgres$/, 'shop'), ['SET ROLE recorder', SCHEMA])
}

async function asAdmin(url: string, statements: readonly string[]): Promise<void> {
  const admin = new Client(url)
  await admin.connect()
  for (const statement of statements) await admin.query(statement)
  await admin.end()
}
