import fc from 'fast-check'
import { loadModule, parseSync } from 'libpg-query'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Facts } from './facts.ts'
import { readTree } from './text.ts'
import type { Node } from './tree.ts'

beforeAll(loadModule)

const read = (sql: string): Facts => readTree(parseSync(sql) as unknown as Node)
/** What all rules together would object to; `writes` stands for the flag and is left out where another rule says more. */
const rules = (sql: string): string => {
  const found = new Set(read(sql).findings.map(finding => finding.rule))
  if (found.size > 1) found.delete('writes')
  return [...found].sort().join(' ')
}

/** A text, and the rules it runs into. The same table is the base of the properties below. */
const SEEN: readonly (readonly [sql: string, rules: string])[] = [
  // one's self
  ['SET ROLE admin', 'set_role'],
  ['SET LOCAL ROLE admin', 'set_role'],
  ['set role none', 'set_role'],
  ['RESET ROLE', 'set_role'],
  ['SET "ROLE" TO admin', 'set_role'],
  ["SET SESSION AUTHORIZATION 'admin'", 'set_role'],
  ['SET SESSION AUTHORIZATION DEFAULT', 'set_role'],
  ['RESET SESSION AUTHORIZATION', 'set_role'],
  ['SET session_authorization = admin', 'set_role'],
  ["SELECT set_config('role', 'admin', false)", 'set_role'],
  ["SELECT pg_catalog.set_config('ROLE'::text, 'admin', false)", 'set_role'],
  ["SELECT 1 FROM t WHERE set_config('session_authorization', 'x', true) = 'x'", 'set_role'],
  ['CREATE FUNCTION f() RETURNS int LANGUAGE sql SET role = admin AS $$ SELECT 1 $$', 'ddl set_role'],
  ['ALTER FUNCTION f() SET role = admin', 'ddl set_role'],
  // how text is read
  ['SET standard_conforming_strings = off', 'pinned_settings'],
  ["SET LOCAL Standard_Conforming_Strings TO 'off'", 'pinned_settings'],
  ["SET NAMES 'SJIS'", 'pinned_settings'],
  ['SET client_encoding TO latin1', 'pinned_settings'],
  ["SELECT set_config('standard_conforming_strings', 'off', false)", 'pinned_settings'],
  ["SELECT set_config('standard_' || 'conforming_strings', 'off', false)", 'pinned_settings'],
  ["SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'x'", 'pinned_settings'],
  ["SELECT set_config('rolex'::char(4), 'admin', false)", 'pinned_settings'],
  ["SELECT set_config(new_value => 'x', setting_name => 'role', is_local => false)", 'pinned_settings'],
  ["SELECT set_config(name, 'off', false) FROM pg_settings", 'pinned_settings'],
  ["UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'", 'system_catalogs'],
  ["UPDATE pg_catalog.pg_settings SET setting = 'x' WHERE name = 'role'", 'system_catalogs'],
  ['DELETE FROM PG_Class WHERE oid = 1', 'system_catalogs'],
  ['ALTER DATABASE d SET standard_conforming_strings = off', 'pinned_settings server_settings'],
  ['ALTER SYSTEM SET client_encoding = latin1', 'pinned_settings server_settings'],
  // what outlives the grant
  ["PREPARE TRANSACTION 'x'", 'two_phase'],
  ["COMMIT PREPARED 'x'", 'two_phase'],
  ["ROLLBACK PREPARED 'x'", 'two_phase'],
  ['CREATE ROLE x SUPERUSER', 'roles'],
  ["ALTER USER me PASSWORD 'x'", 'roles'],
  ['ALTER ROLE me SET search_path = x', 'roles'],
  ['ALTER ROLE a RENAME TO b', 'ddl roles'],
  ['GRANT admin TO me', 'roles'],
  ['REVOKE admin FROM me', 'roles'],
  ["SELECT cron.schedule('x', '* * * * *', 'DELETE FROM t')", 'hidden_sql'],
  // files, programs, other servers
  ["COPY t FROM PROGRAM 'curl x'", 'copy_program'],
  ["COPY (SELECT 1) TO PROGRAM 'sh'", 'copy_program'],
  ["COPY t FROM '/etc/passwd'", 'server_files'],
  ["COPY t TO '/tmp/x'", 'server_files'],
  ["SELECT pg_read_file('/etc/passwd')", 'server_files'],
  ["SELECT ('/etc/passwd'::text).pg_read_file", 'server_files'],
  ["SELECT t.pg_read_file FROM unnest(ARRAY['/etc/passwd']) t", 'server_files'],
  ["SELECT (ARRAY['/etc/passwd'])[1].pg_read_file", 'server_files'],
  ['SELECT 1 FROM t WHERE (t.a).b.lo_import > 0', 'server_files'],
  ["SELECT * FROM pg_catalog.pg_ls_dir('.') AS d", 'server_files'],
  ["SELECT lo_import('/etc/passwd')", 'server_files'],
  ['SELECT count(*) FROM t ORDER BY lo_export(1, $1)', 'server_files'],
  ["LOAD 'evil'", 'server_code'],
  ["CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x'", 'ddl server_code'],
  ['DO LANGUAGE plpython3u $$ import os $$', 'do_blocks server_code'],
  ["ALTER SYSTEM SET archive_command = 'sh'", 'server_code server_settings'],
  ["SELECT * FROM dblink('host=x', 'DELETE FROM t') AS r(a int)", 'outside_connections'],
  ["CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p", 'ddl outside_connections'],
  // SQL in text
  ["SELECT query_to_xml('DELETE FROM t', true, true, '')", 'hidden_sql'],
  ["SELECT * FROM ts_stat('SELECT 1')", 'hidden_sql'],
  ["SELECT ts_rewrite('a'::tsquery, 'SELECT t, s FROM aliases')", 'hidden_sql'],
  // schema, privileges, settings
  ['CREATE TABLE t (a int)', 'ddl'],
  ['CREATE TEMP TABLE t (a int)', 'ddl'],
  ['SELECT 1 INTO t', 'ddl'],
  ['SELECT 1 INTO t UNION SELECT 2', 'ddl'],
  ['CREATE TABLE t AS SELECT 1', 'ddl'],
  ['CREATE TABLE t AS EXECUTE p', 'ddl'],
  ['DROP TABLE t', 'ddl'],
  ['ALTER TABLE t OWNER TO me', 'dcl ddl'],
  ['REASSIGN OWNED BY a TO b', 'dcl ddl'],
  ['GRANT SELECT ON t TO PUBLIC', 'dcl'],
  ['ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO x', 'dcl'],
  ['ALTER SYSTEM SET max_connections = 5', 'server_settings'],
  ['EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1', 'ddl'],
  ['CREATE SCHEMA s CREATE TABLE t (a int) GRANT SELECT ON t TO x', 'dcl ddl'],
  // rows
  ['UPDATE t SET a = 1', 'write_without_where'],
  ['DELETE FROM ONLY t', 'write_without_where'],
  ['TRUNCATE t', 'write_without_where'],
  ['WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d', 'write_without_where'],
  ['SELECT 1; DELETE FROM t', 'write_without_where'],
  ['EXPLAIN ANALYZE DELETE FROM t', 'write_without_where'],
  ['EXPLAIN ANALYSE DELETE FROM t', 'write_without_where'],
  ['EXPLAIN (analyze true) DELETE FROM t', 'write_without_where'],
  ['EXPLAIN (costs, analyze 1) DELETE FROM t', 'write_without_where'],
  ['COPY (DELETE FROM t RETURNING *) TO STDOUT', 'copy_out write_without_where'],
  ['PREPARE p AS DELETE FROM t', 'write_without_where'],
  ['PREPARE p AS WITH d AS (UPDATE t SET a = 1 RETURNING 1) SELECT 1', 'write_without_where'],
  ['MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE', 'write_without_where'],
  ['MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE', 'write_without_where'],
  ['MERGE INTO t USING s ON 1 = 1 WHEN MATCHED THEN UPDATE SET a = 1', 'write_without_where'],
  ["SELECT E'O\\'x'; DELETE FROM t; --'", 'write_without_where'],
  ["SELECT 'O\\'; DELETE FROM t; --'", 'write_without_where'],
  ['SELECT $a1$ ; $a1$; DELETE FROM t; SELECT $$ $$', 'write_without_where'],
  ["SELECT U&'d!0061t!+000061' UESCAPE '!'; DELETE FROM t", 'write_without_where'],
  ['/* a /* b */ c */ DELETE /* x */ FROM t -- WHERE id = 1', 'write_without_where'],
  // functions and blocks
  ['SELECT pg_terminate_backend(1)', 'side_effect_functions'],
  ["SELECT setval('s', 1)", 'side_effect_functions'],
  ["SELECT * FROM pg_logical_slot_get_changes('s', null, null)", 'side_effect_functions'],
  ['INSERT INTO t SELECT pg_cancel_backend(pid) FROM pg_stat_activity', 'side_effect_functions'],
  ['CREATE INDEX ON t (pg_cancel_backend(a))', 'ddl side_effect_functions'],
  ['CALL do_it()', 'unknown_functions'],
  ['SELECT my.do_it()', 'unknown_functions'],
  ['CALL pg_catalog.pg_promote()', 'side_effect_functions'],
  ['DO $$ BEGIN DELETE FROM t; END $$', 'do_blocks'],
  ['SELECT pg_advisory_lock(1)', 'locks'],
  ['LOCK TABLE t IN ACCESS EXCLUSIVE MODE', 'locks'],
  ['VACUUM t', 'maintenance'],
  ['ANALYZE', 'maintenance'],
  ['REINDEX TABLE t', 'maintenance'],
  ['REFRESH MATERIALIZED VIEW v', 'maintenance'],
  ["SELECT pg_notify('a', 'b')", 'notifications'],
  ['LISTEN a', 'notifications'],
  ['PREPARE a AS SELECT 1; PREPARE b AS SELECT 2', 'several_prepares'],
]

/** Must not be refused, by any rule but `writes`. */
const LET_THROUGH: readonly string[] = [
  'SELECT 1',
  ';;',
  '-- DROP TABLE t',
  'SELECT 1 -- ; DROP TABLE t',
  '/* DROP TABLE t; /* DELETE FROM t */ */ SELECT 1',
  "SELECT 'DROP TABLE t; DELETE FROM t'",
  "SELECT $x$ DROP TABLE t; $x$, $$DELETE FROM t$$, E'\\'; DROP TABLE t; --'",
  "SELECT U&'\\0044ROP TABLE t'",
  'SELECT "drop", "delete" FROM "truncate" WHERE "update" = 1',
  "INSERT INTO log VALUES ('UPDATE t SET a = 1')",
  "INSERT INTO pg_lsn_tbl VALUES ('0/16AE7F7')",
  'EXPLAIN DELETE FROM t',
  'EXPLAIN (ANALYZE off) DELETE FROM t',
  'EXPLAIN (ANALYZE 0, VERBOSE) UPDATE t SET a = 1',
  'EXPLAIN SELECT pg_terminate_backend(1)',
  'UPDATE t SET a = 1 WHERE id = 5',
  'UPDATE t SET a = b.a FROM b WHERE t.id = b.id',
  'UPDATE t SET a = 1 WHERE 1 = 1 AND id = $1',
  'DELETE FROM t WHERE id IN (SELECT id FROM dead)',
  'DELETE FROM t WHERE CURRENT OF c',
  'DELETE FROM t WHERE deleted_at IS NOT NULL',
  'DELETE FROM t WHERE NOT done',
  'DELETE FROM t USING s WHERE id = s.id',
  'MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)',
  'MERGE INTO t USING s ON true WHEN MATCHED AND t.id = 3 THEN UPDATE SET a = 1',
  'INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = excluded.a',
  "SELECT nextval('s'), now(), count(*), coalesce(a, 1), extract(year FROM b), generate_series(1, 2) FROM t",
  'SELECT pg_catalog.pg_get_userbyid(1), pg_size_pretty(pg_total_relation_size($1))',
  'SELECT name, size FROM pg_ls_waldir()',
  "SELECT pg_catalog.set_config('search_path', '', false)",
  'SELECT pg_catalog.pg_export_snapshot()',
  "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
  'SET search_path = public',
  'SET standard_conforming_strings = on',
  "SET client_encoding TO 'UTF-8'",
  'RESET ALL',
  'DISCARD ALL',
  'RESET client_encoding',
  'SET TRANSACTION READ ONLY',
  'SHOW standard_conforming_strings',
  'BEGIN ISOLATION LEVEL SERIALIZABLE',
  'SAVEPOINT a',
  'PREPARE p AS SELECT $1',
  'EXECUTE p(1)',
  'DEALLOCATE ALL',
  'COPY t FROM STDIN',
  'DECLARE c CURSOR FOR SELECT * FROM t',
  'FETCH 10 FROM c',
  'SELECT * FROM t FOR UPDATE',
  'SELECT (t).id, (x.y).setting FROM t',
  'SELECT my.a, a.role, a.http FROM a',
  'SELECT setval, "lo_import" FROM t',
]

/** A migration where schema changes are permitted: what is stored is not run. */
const MIGRATION: readonly string[] = [
  'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC DELETE FROM t; SELECT pg_terminate_backend(1); END',
  'CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; EXECUTE $q$ SET ROLE x $q$; END $$',
  'CREATE VIEW v AS SELECT pg_terminate_backend(pid) FROM pg_stat_activity',
  'CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u',
  'CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()',
  "CREATE TABLE t (id int DEFAULT setval('s', 1), CHECK (my_check(id)))",
  'CREATE POLICY p ON t USING (my_check(id))',
]

describe('reading SQL text', () => {
  for (const [sql, expected] of SEEN) {
    it(`attack 14: ${expected}: ${sql}`, () => expect(rules(sql)).toBe(expected))
  }

  it('attack 14: a dollar quote cannot begin with a digit, so this is no quote and does not parse', () => {
    expect(() => read('SELECT $1$a$1$; DELETE FROM t')).toThrow('unterminated dollar-quoted string')
  })

  for (const sql of LET_THROUGH) {
    it(`attack 14: lets through: ${sql}`, () => {
      const found = new Set(rules(sql).split(' '))
      found.delete('')
      found.delete('writes')
      expect([...found]).toEqual([])
    })
  }

  for (const sql of MIGRATION)
    it(`attack 14: a permitted migration stores: ${sql}`, () => expect(rules(sql)).toBe('ddl'))

  it('names the verb of every statement, the writing one where it is hidden', () => {
    expect(read('BEGIN; SELECT 1; COMMIT').verbs).toEqual(['begin', 'select', 'commit'])
    expect(read('WITH d AS (DELETE FROM t WHERE a = 1 RETURNING 1) SELECT 1').verbs).toEqual(['delete'])
    expect(read('EXPLAIN ANALYZE UPDATE t SET a = 1 WHERE a = 2').verbs).toEqual(['update'])
    expect(read('EXPLAIN UPDATE t SET a = 1').verbs).toEqual(['explain'])
    expect(read('DROP MATERIALIZED VIEW v').verbs).toEqual(['drop materialized view'])
  })

  it('tells what the write limit may wrap', () => {
    const wraps = (sql: string) => read(sql).autocommitWrite
    expect(wraps('UPDATE t SET a = 1 WHERE id = 2')).toBe(true)
    expect(wraps('WITH d AS (DELETE FROM t WHERE a = 1 RETURNING 1) SELECT 1')).toBe(true)
    expect(wraps('MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE')).toBe(true)
    expect(wraps('SELECT 1')).toBe(false)
    expect(wraps('UPDATE t SET a = 1 WHERE id = 2; SELECT 1')).toBe(false)
    expect(wraps('EXPLAIN ANALYZE DELETE FROM t')).toBe(false)
    expect(wraps('COPY (DELETE FROM t RETURNING 1) TO STDOUT')).toBe(false)
    expect(wraps('PREPARE p AS DELETE FROM t')).toBe(false)
    expect(wraps('TRUNCATE t')).toBe(false)
  })

  it('attack 14: hands on what EXECUTE and PREPARE name', () => {
    const prepared = read('PREPARE "P q"(int) AS UPDATE t SET a = $1 WHERE id = 1')
    expect(prepared.prepares).toMatchObject({ name: 'P q', inner: { verbs: ['update'], writes: true } })
    expect(prepared.writes).toBe(false)
    expect(read('EXPLAIN ANALYZE EXECUTE a; EXECUTE b(1); CREATE TABLE t AS EXECUTE c').executes).toEqual([
      'a',
      'b',
      'c',
    ])
    expect(read('DEALLOCATE a; DEALLOCATE ALL; DISCARD ALL').deallocates).toEqual(['a', '*', '*'])
  })

  it('names relations as written, and a table also where a CTE has its name', () => {
    expect(read('WITH x AS (SELECT * FROM a.b) SELECT * FROM x JOIN c USING (id)').touched).toEqual({
      reads: ['c', 'a.b'],
    })
    expect(read('WITH t AS (SELECT 1) DELETE FROM t WHERE id = 1').touched).toEqual({ changes: ['t'] })
  })

  it('names the direction of COPY', () => {
    expect(read('COPY t FROM STDIN').copy).toBe('in')
    expect(read('COPY t TO STDOUT').copy).toBe('out')
    expect(read("COPY t TO '/x'").copy).toBeUndefined()
  })

  it('property: case, white space and comments between words change nothing', () => {
    // Texts with quotes are left out: within them nothing may be changed.
    const plain = SEEN.filter(([sql]) => /^[\w ;().*=,]+$/.test(sql))
    expect(plain.length).toBeGreaterThan(40)
    const noise = fc.constantFrom(
      ' ',
      '\n',
      '\t \r\n',
      ' /* DROP */ ',
      ' -- WHERE id = 1\n',
      '/* a /* b */ */',
      " /*'*/ ",
      ' --"$$\n',
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...plain),
        fc.infiniteStream(fc.tuple(noise, fc.boolean())),
        ([sql, expected], stream) => {
          const text = sql.replace(/\w+| /g, word => {
            const [space, upper] = stream.next().value
            return word === ' ' ? space : upper ? word.toUpperCase() : word.toLowerCase()
          })
          expect(rules(text)).toBe(expected)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('property: no combination of statements hides a refused one', () => {
    const refused = SEEN.filter(([sql]) => !sql.includes('--'))
    const harmless = LET_THROUGH.filter(sql => !sql.includes('--') && !/^[; ]*$/.test(sql))
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...harmless), { maxLength: 4 }),
        fc.constantFrom(...refused),
        fc.nat(4),
        (others, [sql, expected], at) => {
          const all = [...others]
          all.splice(at, 0, sql)
          const found = rules(all.join(' ; ')).split(' ')
          for (const rule of expected.split(' ')) expect(found).toContain(rule)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('property: wherever a condition, value or list may hold a subquery, a call in it is seen', () => {
    const places = [
      'SELECT @',
      'SELECT * FROM (SELECT @) x',
      'SELECT 1 WHERE @ IS NULL',
      'VALUES (@)',
      'SELECT 1 ORDER BY @',
      'SELECT 1 LIMIT @',
      'SELECT 1 OFFSET @',
      'SELECT 1 GROUP BY @',
      'SELECT 1 HAVING @ IS NULL',
      'WITH a AS (SELECT @) SELECT 1',
      'SELECT CASE WHEN @ IS NULL THEN 1 END',
      'SELECT ARRAY[@]',
      'SELECT (ARRAY[1])[@]',
      'SELECT ROW(@)',
      'SELECT @::text',
      'SELECT 1 UNION SELECT @',
      'SELECT sum(1) OVER (ORDER BY @)',
      'SELECT count(*) FILTER (WHERE @ IS NULL)',
      'SELECT * FROM a JOIN b ON @ IS NULL',
      'SELECT * FROM a, LATERAL (SELECT @) c',
      'SELECT DISTINCT ON (@) 1',
      'SELECT string_agg(a, b ORDER BY @) FROM t',
      'SELECT x IN (1, @) FROM t',
      'SELECT coalesce(a, @) FROM t',
      'INSERT INTO t VALUES (@)',
      'INSERT INTO t VALUES (1) RETURNING @',
      'INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = @',
      'UPDATE t SET a = @ WHERE b = 1',
      'UPDATE t SET (a, b) = (SELECT 1, @) WHERE b = 1',
      'DELETE FROM t WHERE a = @',
      'SELECT * FROM f(@)',
      'SELECT * FROM ROWS FROM (now(), f(@)) x',
      'SELECT * FROM t TABLESAMPLE bernoulli (@)',
      'DECLARE c CURSOR FOR SELECT @',
      'PREPARE p AS SELECT @',
      'EXECUTE p(@)',
      'CALL p(@)',
      'EXPLAIN ANALYZE SELECT @',
      'CREATE TABLE x AS SELECT @',
      'COPY (SELECT @) TO STDOUT',
      'ALTER TABLE t ADD COLUMN c int DEFAULT @',
      'ALTER TABLE t ALTER a TYPE int USING @',
      'MERGE INTO t USING s ON t.a = @ WHEN NOT MATCHED THEN INSERT VALUES (@)',
      'SELECT xmlelement(name a, @)',
      'SELECT json_object(1 : @)',
      'SELECT greatest(@, 1)',
      'SELECT a BETWEEN 1 AND @ FROM t',
      'SELECT 1 WHERE EXISTS (SELECT @)',
      'REFRESH MATERIALIZED VIEW v; SELECT @',
    ] as const
    const calls = [
      'pg_terminate_backend(1)',
      '(SELECT pg_terminate_backend(1))',
      'pg_catalog.pg_terminate_backend(1)',
      'abs(pg_terminate_backend(1)::int)',
      '((1)::int).pg_terminate_backend',
    ]
    for (const place of places) {
      for (const call of calls)
        expect([place, call, rules(place.replaceAll('@', call))]).toEqual([
          place,
          call,
          expect.stringContaining('side_effect_functions'),
        ])
    }
  })
})
