import type { CheckLine } from '../../../target/protocol.ts'
import { must, should, type Ask } from './check-line.ts'
import type { PostgresSettings } from './settings.ts'

const OLDEST = 150_000

/** Version, encryption, and what decides how statements are read and whether they outlive their session. */
export async function checkServer(ask: Ask, settings: PostgresSettings): Promise<CheckLine[]> {
  const [server] = await ask<{
    num: string
    version: string
    encoding: string
    std: string
    prepared: string
    tls: boolean
  }>(
    `SELECT current_setting('server_version_num') AS num, current_setting('server_version') AS version,
            current_setting('server_encoding') AS encoding, current_setting('standard_conforming_strings') AS std,
            current_setting('max_prepared_transactions') AS prepared,
            coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS tls`,
  )
  if (!server) return []
  const [waiting] = await ask<{ count: number }>('SELECT count(*)::int AS count FROM pg_prepared_xacts')
  const off = server.prepared === '0'
  return [
    must(
      Number(server.num) >= OLDEST,
      `PostgreSQL ${server.version}`,
      'Versions before 15 are not supported.',
    ),
    {
      ok: server.tls || settings.tls === 'disable',
      level: 'must',
      what: server.tls ? `connected with TLS (${settings.tls})` : 'connected without TLS, as configured',
    },
    must(
      server.encoding === 'UTF8' || server.encoding === 'SQL_ASCII',
      `server encoding ${server.encoding}`,
      'Statements are judged as UTF-8.',
    ),
    must(
      server.std === 'on',
      `standard_conforming_strings = ${server.std}`,
      'Set it to on: otherwise a statement could be read in two ways.',
    ),
    should(
      off,
      off
        ? 'two-phase commit is off'
        : `two-phase commit is possible (max_prepared_transactions = ${server.prepared})`,
      'Set max_prepared_transactions = 0: a prepared transaction outlives its session.',
    ),
    should(
      waiting?.count === 0,
      `${waiting?.count ?? 0} prepared transactions are waiting`,
      'Commit or roll them back.',
    ),
  ]
}
