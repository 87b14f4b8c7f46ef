import { DEFAULT_REFUSE } from '../../../src/protocols/postgres/inspect/refuse-rules.ts'

/** Rule sets of the matrix: what is recommended, the same for a migration, and nothing but what holds anyway. */
export const RULE_SETS = {
  recommended: DEFAULT_REFUSE,
  migration: DEFAULT_REFUSE.filter(rule => rule !== 'ddl' && rule !== 'do_blocks'),
  absolute: [],
} as const

export interface GuardrailCase {
  readonly sql: string
  /** The rule that must refuse it; absent: it must run. */
  readonly rule?: string
  /** `recommended` unless said. */
  readonly under?: keyof typeof RULE_SETS
  /** Its rows, for COPY FROM STDIN. */
  readonly data?: string
  /** It cannot stand in a transaction, so not beside others either. */
  readonly alone?: true
  /** Several statements, which one Parse cannot hold. */
  readonly several?: true
}

const refuse = (rule: string, list: readonly string[]): readonly GuardrailCase[] =>
  list.map(sql => ({ sql, rule }))

/** SECURITY: attack 14, what must be seen for what it is. */
const MUST_REFUSE: readonly GuardrailCase[] = [
  ...refuse('write_without_where', [
    "SELECT E'O\\'x'; DELETE FROM orders; --'",
    "SELECT 'O\\'; DELETE FROM orders; --'",
    "SELECT U&'d!0061t!+000061' UESCAPE '!'; DELETE FROM orders",
    'SELECT $a1$ ; $a1$; DELETE FROM orders; SELECT $$ $$',
    'SELECT $ä$ ; $ä$; DELETE FROM orders',
    'SELECT 1 AS "a""; --"; DELETE FROM orders',
    '/* a /* b */ c */ DELETE /* x */ FROM orders -- WHERE id = 1',
    'DELETE\n\tFROM\n\torders\n',
    'delete from only public.orders as o',
    'WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d',
    'WITH a AS (SELECT 1), d AS (UPDATE orders SET total = 0 RETURNING 1) SELECT count(*) FROM a, d',
    'WITH d AS (DELETE FROM orders RETURNING *) INSERT INTO archive SELECT * FROM d',
    'MERGE INTO orders USING archive a ON true WHEN MATCHED THEN DELETE',
    'MERGE INTO orders o USING archive a ON 1 = 1 WHEN MATCHED THEN UPDATE SET total = 0',
    'COPY (DELETE FROM orders RETURNING *) TO STDOUT',
    'EXPLAIN ANALYZE DELETE FROM orders',
    'EXPLAIN (COSTS, ANALYZE 1) DELETE FROM orders',
    'EXPLAIN ANALYZE WITH d AS (DELETE FROM orders RETURNING 1) SELECT 1',
    'UPDATE orders SET total = 0',
    'UPDATE orders SET total = 0 WHERE true',
    'UPDATE orders SET total = 0 WHERE 1 = 1',
    'UPDATE orders SET total = 0 WHERE id = id',
    'UPDATE orders SET total = 0 WHERE id = 1 OR id <> 1',
    "DELETE FROM orders WHERE customer LIKE '%'",
    'DELETE FROM orders WHERE NOT (id <> id)',
    'DELETE FROM orders WHERE EXISTS (SELECT 1)',
    'DELETE FROM orders WHERE id BETWEEN id AND id',
    'TRUNCATE orders',
    'TRUNCATE archive, orders RESTART IDENTITY CASCADE',
  ]),
  ...refuse('do_blocks', [
    'DO $$ BEGIN DELETE FROM orders; END $$',
    "DO LANGUAGE plpgsql 'BEGIN EXECUTE ''DELETE FROM orders''; END'",
  ]),
  ...refuse('set_role', [
    'SET ROLE postgres',
    "SET LOCAL ROLE 'postgres'",
    'set "ROLE" to postgres',
    'RESET ROLE',
    'SET SESSION AUTHORIZATION postgres',
    'SET SESSION AUTHORIZATION DEFAULT',
    "SELECT set_config('role', 'postgres', false)",
    "SELECT pg_catalog.set_config('ROLE'::text, 'postgres', false)",
  ]),
  ...refuse('pinned_settings', [
    'SET standard_conforming_strings = off',
    "SET LOCAL Standard_Conforming_Strings TO 'off'",
    "SET NAMES 'SJIS'",
    'SET client_encoding TO latin1',
    "SELECT set_config('standard_conforming_strings', 'off', false)",
    "SELECT set_config('standard_' || 'conforming_strings', 'off', false)",
  ]),
  ...refuse('system_catalogs', [
    "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
    "DELETE FROM pg_catalog.pg_class WHERE relname = 'orders'",
  ]),
  ...refuse('two_phase', [
    "PREPARE TRANSACTION 'later'",
    "COMMIT PREPARED 'later'",
    "ROLLBACK PREPARED 'later'",
  ]),
  ...refuse('several_prepares', ['PREPARE a AS SELECT 1; PREPARE b AS SELECT 2']),
  ...refuse('unknown_statement', ['EXECUTE nobody', 'EXPLAIN ANALYZE EXECUTE nobody']),
  ...refuse('side_effect_functions', [
    'SELECT pg_terminate_backend(1)',
    'SELECT count(*) FROM orders WHERE pg_catalog.pg_cancel_backend(id)',
    "SELECT setval('orders_id_seq', 1)",
    'SELECT lo_unlink(1)',
    "SELECT pg_drop_replication_slot('x')",
    'SELECT pg_stat_reset()',
    'SELECT CASE WHEN pg_switch_wal() IS NULL THEN 1 END',
    "VALUES (database_to_xml(true, true, ''))",
  ]),
  ...refuse('hidden_sql', [
    "SELECT query_to_xml('DELETE FROM orders', true, true, '')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(customer) FROM orders')",
    "SELECT ts_rewrite('a'::tsquery, 'SELECT t, s FROM aliases')",
  ]),
  ...refuse('server_files', [
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT ('PG_VERSION'::text).pg_read_file",
    "SELECT t.pg_read_file FROM unnest(ARRAY['PG_VERSION']) t",
    "COPY orders TO '/tmp/bg-matrix'",
    "COPY orders FROM '/etc/passwd'",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
  ]),
  ...refuse('copy_program', ["COPY orders TO PROGRAM 'cat'", "COPY archive FROM PROGRAM 'echo 1'"]),
  ...refuse('server_code', ["LOAD 'plpgsql'"]),
  ...refuse('outside_connections', ["SELECT * FROM dblink('', 'DELETE FROM orders') AS r (a int)"]),
  ...refuse('roles', [
    'CREATE ROLE later SUPERUSER',
    "ALTER USER shop_owner PASSWORD 'x'",
    'GRANT pg_read_all_data TO shop_owner',
    'DROP ROLE shop_owner',
  ]),
  ...refuse('dcl', ['GRANT SELECT ON orders TO PUBLIC', 'REVOKE ALL ON orders FROM shop_owner']),
  ...refuse('server_settings', ['ALTER SYSTEM SET work_mem = 64', 'ALTER DATABASE shop SET work_mem = 64']),
  ...refuse('ddl', [
    'DROP TABLE orders',
    'SELECT * INTO stolen FROM orders',
    'CREATE TEMP TABLE x (a int)',
    'CREATE TABLE stolen AS SELECT * FROM orders',
    'EXPLAIN ANALYZE CREATE TABLE stolen AS SELECT 1',
    "COMMENT ON TABLE orders IS 'x'",
    'ALTER TABLE orders DISABLE TRIGGER ALL',
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
  ]),
  ...refuse('server_code', [
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x'",
    'DO LANGUAGE plpython3u $$ import os $$',
  ]).map(one => ({ ...one, under: 'migration' as const })),
  ...refuse('set_role', [
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql SET role = postgres AS $$ SELECT 1 $$',
  ]).map(one => ({ ...one, under: 'migration' as const })),
]

/** What looks dangerous and is not, and what people do all day. */
const MUST_RUN: readonly GuardrailCase[] = [
  { sql: '-- DROP TABLE orders\nSELECT 1' },
  { sql: "SELECT 'DROP TABLE orders; DELETE FROM orders' AS said /* TRUNCATE orders */" },
  { sql: "SELECT E'it\\'s; DELETE FROM orders; --'" },
  { sql: "SELECT 'a\\'" },
  { sql: 'SELECT $drop$ DROP TABLE orders; $drop$' },
  { sql: "SELECT U&'\\0044ROP TABLE orders'" },
  { sql: 'SELECT total AS "drop", id AS "delete from orders" FROM orders LIMIT 1' },
  { sql: "INSERT INTO archive VALUES (1, 'UPDATE orders SET total = 0')" },
  { sql: 'EXPLAIN DELETE FROM orders' },
  { sql: 'EXPLAIN (ANALYZE off) UPDATE orders SET total = 0' },
  { sql: 'EXPLAIN ANALYZE SELECT * FROM orders' },
  { sql: 'EXPLAIN ANALYZE DELETE FROM orders WHERE id = 3' },
  { sql: 'DELETE FROM orders WHERE id = 1' },
  { sql: "UPDATE orders SET customer = 'x', total = total + 1 WHERE id IN (2, 3) RETURNING id" },
  { sql: 'UPDATE orders o SET total = 0 FROM archive a WHERE a.id = o.id' },
  { sql: 'WITH d AS (DELETE FROM orders WHERE id = 4 RETURNING id) SELECT count(*) FROM d' },
  { sql: 'WITH orders AS (SELECT 1 AS id) SELECT * FROM orders' },
  { sql: 'MERGE INTO orders o USING archive a ON o.id = a.id WHEN MATCHED THEN DELETE' },
  {
    sql: "INSERT INTO orders (id, customer) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET customer = excluded.customer",
  },
  { sql: 'SELECT * FROM orders WHERE id = 5 FOR UPDATE' },
  { sql: 'SELECT count(*) FROM orders, generate_series(1, 3) g' },
  { sql: "SELECT nextval('orders_id_seq'), currval('orders_id_seq')" },
  { sql: "SELECT set_config('search_path', 'public', true), set_config('work_mem', '8MB', false)" },
  { sql: 'SET work_mem = 8192' },
  { sql: 'SET standard_conforming_strings = on' },
  { sql: "SET client_encoding TO 'UTF-8'" },
  { sql: 'RESET ALL' },
  { sql: 'SHOW role' },
  { sql: 'SELECT current_user, session_user, current_setting($$role$$)' },
  { sql: 'SELECT role FROM (VALUES (1)) AS t (role)' },
  { sql: 'COPY orders (id, total) TO STDOUT' },
  { sql: 'COPY archive (id, text) FROM STDIN', data: '7\tDROP TABLE orders; --\n' },
  { sql: 'COPY (SELECT id FROM orders) TO STDOUT (FORMAT csv)' },
  { sql: 'DECLARE c CURSOR FOR SELECT * FROM orders' },
  { sql: 'LOCK TABLE orders IN ACCESS SHARE MODE' },
  { sql: 'SAVEPOINT before_it' },
  { sql: 'LISTEN news' },
  { sql: "SELECT pg_notify('news', 'DROP TABLE orders')" },
  { sql: 'ANALYZE orders' },
  { sql: 'VACUUM archive', alone: true },
  { sql: 'SELECT pg_sleep(0), pg_size_pretty(pg_total_relation_size($$orders$$))' },
  { sql: 'SELECT relname FROM pg_class WHERE relname LIKE $$pg_%$$ LIMIT 3' },
  { sql: "SELECT ts_rewrite('a'::tsquery, 'a'::tsquery, 'b'::tsquery)" },
  { sql: 'VALUES (1), (2)' },
  { sql: 'TABLE archive' },
  { sql: 'PREPARE mine AS SELECT 1; EXECUTE mine; DEALLOCATE mine', several: true },
  { sql: 'SELECT 1 /* a /* b */ DROP */' },
  { sql: 'DELETE FROM orders WHERE id = 1 AND true' },
  {
    sql: "CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS $$ DELETE FROM orders; SELECT pg_notify('a', 'b') $$",
    under: 'migration',
  },
  {
    sql: 'CREATE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN EXECUTE $$TRUNCATE orders$$; END $f$',
    under: 'migration',
  },
  { sql: 'CREATE PROCEDURE tidy() BEGIN ATOMIC DELETE FROM archive; END', under: 'migration' },
  {
    sql: 'CREATE TABLE notes (id int PRIMARY KEY, text text DEFAULT $$DROP TABLE orders$$)',
    under: 'migration',
  },
  { sql: 'CREATE VIEW open_orders AS SELECT * FROM orders WHERE total > 0', under: 'migration' },
  { sql: 'CREATE RULE no_delete AS ON DELETE TO archive DO INSTEAD NOTHING', under: 'migration' },
  { sql: 'ALTER TABLE archive ADD COLUMN seen boolean', under: 'migration' },
  { sql: "COMMENT ON TABLE orders IS 'SET ROLE postgres'", under: 'migration' },
  { sql: 'DROP TABLE archive', under: 'migration' },
  { sql: 'DO $$ BEGIN PERFORM 1; END $$', under: 'migration' },
  { sql: 'UPDATE orders SET total = 0', under: 'absolute' },
  { sql: 'TRUNCATE archive', under: 'absolute' },
  { sql: 'GRANT SELECT ON archive TO shop_owner', under: 'absolute' },
]

export const GUARDRAIL_CASES: readonly GuardrailCase[] = [...MUST_REFUSE, ...MUST_RUN]

/** The fast path names functions by number (pg_proc.dat). */
export const FAST_PATH: readonly { readonly oid: number; readonly name: string; readonly rule: string }[] = [
  { oid: 2096, name: 'pg_terminate_backend', rule: 'function_call' },
  { oid: 2624, name: 'pg_read_file', rule: 'function_call' },
  { oid: 2078, name: 'set_config', rule: 'function_call' },
  { oid: 764, name: 'lo_import', rule: 'function_call' },
  { oid: 2923, name: 'table_to_xml', rule: 'function_call' },
  { oid: 964, name: 'lo_unlink', rule: 'side_effect_functions' },
  { oid: 955, name: 'lowrite', rule: 'side_effect_functions' },
]
