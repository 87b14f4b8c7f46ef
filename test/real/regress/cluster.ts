import pg from 'pg'
import type { PostgresServer } from '../servers/postgres.ts'
import type { Connection } from './run-script.ts'

/** Role and database of the scripts: an owner without any attribute or membership, as the owner of an application is one. */
export const OWNER = 'regress_owner'
export const DATABASE = 'regression'
/** A login that acts as the owner, as the login of a grant does; its name is as long, so that columns are as wide. */
export const LIKE_THE_GRANT = 'bg_regress_login'
const PASSWORD = 'of-the-owner'

/** What pg_regress writes into the postgresql.conf of its temporary instance, where it matters for the output. */
export const SETTINGS = { max_prepared_transactions: '2', shared_buffers: '128MB', max_connections: '60' }

/** As superuser. */
export async function asAdmin(
  server: PostgresServer,
  statements: readonly string[],
  database = 'postgres',
): Promise<void> {
  const client = new pg.Client({ connectionString: server.adminUrl.replace(/\/postgres$/, `/${database}`) })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** The owner and its database as pg_regress creates one (create_database). */
export async function prepare(server: PostgresServer): Promise<void> {
  const settings = {
    lc_messages: 'C',
    lc_monetary: 'C',
    lc_numeric: 'C',
    lc_time: 'C',
    bytea_output: 'hex',
    timezone_abbreviations: 'Default',
  }
  await asAdmin(server, [
    `CREATE ROLE ${OWNER} LOGIN PASSWORD '${PASSWORD}'`,
    `CREATE ROLE ${LIKE_THE_GRANT} LOGIN PASSWORD '${PASSWORD}' IN ROLE ${OWNER}`,
    `ALTER ROLE ${LIKE_THE_GRANT} SET role = ${OWNER}`,
    `CREATE DATABASE ${DATABASE} OWNER ${OWNER} TEMPLATE template0`,
    ...Object.entries(settings).map(
      ([name, value]) => `ALTER DATABASE ${DATABASE} SET ${name} TO '${value}'`,
    ),
  ])
}

/** The owner itself, past any gateway. */
export function direct(server: Pick<PostgresServer, 'port'>): Connection {
  return {
    PGHOST: '127.0.0.1',
    PGPORT: String(server.port),
    PGUSER: OWNER,
    PGPASSWORD: PASSWORD,
    PGDATABASE: DATABASE,
    PGSSLMODE: 'disable',
  }
}

/** The same database by a login that acts as the owner. */
export function likeTheGrant(server: Pick<PostgresServer, 'port'>): Connection {
  return { ...direct(server), PGUSER: LIKE_THE_GRANT }
}

/** Runs something while the owner is a superuser: what it leaves behind belongs to the owner. */
export async function elevated<T>(server: PostgresServer, act: () => Promise<T>): Promise<T> {
  await asAdmin(server, [`ALTER ROLE ${OWNER} SUPERUSER`])
  try {
    return await act()
  } finally {
    await asAdmin(server, [`ALTER ROLE ${OWNER} NOSUPERUSER`])
  }
}
