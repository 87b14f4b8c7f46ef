import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresBin } from '../../../../test/real/servers/missing.ts'
import { type PostgresServer, startPostgres } from '../../../../test/real/servers/postgres.ts'
import { functionEffect } from './functions.ts'

/** Volatile, and yet nothing but reading, computing, waiting or the state of one's own session. */
const HARMLESS =
  /^(amvalidate|array_(sample|shuffle)|clock_timestamp|current_query|currtid2?|currval|cursor_to_xml(schema)?|gen_random_uuid|lastval|lo_(close|get|lseek(64)?|open|tell(64)?)|loread|random(_normal)?|setseed|timeofday|txid_status|uuidv[47]|pg_(available_wal_summaries|export_snapshot|blocking_pids|collation_actual_version|control_\w+|current_(logfile|wal_\w+)|database_(collation_actual_version|size)|get_\w+|indexes_size|is_in_recovery|is_wal_replay_paused|isolation_test_session_is_blocked|jit_available|last_\w+|lock_status|ls_(archive_status|log|logicalmap|logicalsnap|replslot|summaries|tmp|wal)dir|notification_queue_usage|partition_(ancestors|tree)|prepared_xact|relation_size|replication_origin_(progress|session_is_setup|session_progress)|safe_snapshot_blocking_pids|sequence_last_value|show_replication_origin_status|sleep(_for|_until)?|stat_(clear_snapshot|force_next_flush|get_\w+|have_stats)|table_size|tablespace_size|total_relation_size|wal_summary_contents|xact_(commit_timestamp(_origin)?|status)))$/

/** What a language or a trigger calls for itself; a statement cannot. */
const NOT_CALLABLE = /^plpgsql_(call_handler|validator)$/

for (const version of [15, 18] as const) {
  // A version that is not on this machine is left out; npm brings 18.
  describe.skipIf(version === 15 && postgresBin(15) === undefined)(
    `what PostgreSQL ${version} itself says`,
    () => {
      let server: PostgresServer
      const ask = async (sql: string, options?: string): Promise<string> => {
        const client = new pg.Client({
          connectionString: server.adminUrl,
          ...(options !== undefined && { options }),
        })
        await client.connect()
        try {
          const results = [await client.query({ text: sql, rowMode: 'array' })].flat()
          return String((results.at(-1)?.rows[0] as unknown[] | undefined)?.[0])
        } finally {
          await client.end()
        }
      }
      beforeAll(async () => {
        server = await startPostgres({ version })
      })
      afterAll(() => server.stop())

      it('every volatile function has a known effect or is known to have none', async () => {
        const names =
          await ask(`SELECT string_agg(DISTINCT proname, ' ') FROM pg_proc WHERE provolatile = 'v' AND pronamespace = 'pg_catalog'::regnamespace
        AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) AND NOT ('internal'::regtype = ANY (proargtypes::oid[]))`)
        const unknown = names
          .split(' ')
          .filter(name => !functionEffect([name]) && !HARMLESS.test(name) && !NOT_CALLABLE.test(name))
        // Judged by their arguments, in inspect-settings.ts and inspect-statement.ts.
        expect(unknown.filter(name => !['set_config', 'ts_rewrite'].includes(name))).toEqual([])
        expect(names.split(' ').length).toBeGreaterThan(150)
      })

      it('attack 14: a field of a scalar is a call of that function', async () => {
        expect(await ask("SELECT ('PG_VERSION'::text).pg_read_file")).toContain(String(version))
        expect(await ask("SELECT t.pg_read_file FROM unnest(ARRAY['PG_VERSION']) t")).toContain(
          String(version),
        )
      })

      it('attack 14: UPDATE of pg_settings changes a setting', async () => {
        expect(
          await ask(
            "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'; SHOW standard_conforming_strings",
          ),
        ).toBe('off')
      })

      it('attack 14: ts_stat runs the SQL it is given, and with it set_config', async () => {
        const inner = "SELECT to_tsvector(set_config(''standard_conforming_strings'', ''off'', false))"
        expect(await ask(`SELECT * FROM ts_stat('${inner}'); SHOW standard_conforming_strings`)).toBe('off')
      })

      it('attack 14: settings are found without regard to case, quoted or not', async () => {
        expect(await ask('SET "STANDARD_conforming_Strings" TO off; SHOW standard_conforming_strings')).toBe(
          'off',
        )
      })

      it('attack 14: with the pins in the startup packet every kind of reset leads back to them', async () => {
        await ask('ALTER ROLE postgres SET standard_conforming_strings = off')
        expect(await ask('SHOW standard_conforming_strings')).toBe('off')
        for (const reset of [
          'RESET ALL',
          'RESET standard_conforming_strings',
          'SET standard_conforming_strings TO DEFAULT',
        ]) {
          expect(
            await ask(`${reset}; SHOW standard_conforming_strings`, '-c standard_conforming_strings=on'),
          ).toBe('on')
        }
        await ask('ALTER ROLE postgres RESET standard_conforming_strings')
      })
    },
  )
}
