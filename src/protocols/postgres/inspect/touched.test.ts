import { loadModule, parseSync } from 'libpg-query'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Facts } from './facts.ts'
import { placed } from './placed.ts'
import { readTree } from './text.ts'
import type { Node } from './tree.ts'

beforeAll(loadModule)

const read = (sql: string): Facts => placed(readTree(parseSync(sql) as unknown as Node), sql)
const said = (sql: string): string =>
  Object.entries(read(sql).touched ?? {})
    .map(([access, names]) => `${access} ${names.join(', ')}`)
    .join('; ')

const TOUCHED: readonly (readonly [sql: string, touched: string])[] = [
  ['SELECT 1', ''],
  ['SELECT * FROM a JOIN s.b USING (id)', 'reads a, s.b'],
  ['TABLE d.s.a', 'reads d.s.a'],
  ['INSERT INTO a SELECT * FROM b', 'reads b; changes a'],
  ['UPDATE a SET x = b.x FROM b WHERE a.id = b.id', 'reads b; changes a'],
  ['DELETE FROM ONLY s.a USING b WHERE a.id = b.id', 'reads b; changes s.a'],
  ['UPDATE a SET x = 1 WHERE id IN (SELECT id FROM a)', 'reads a; changes a'],
  ['MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE', 'reads b; changes a'],
  ['WITH d AS (DELETE FROM a WHERE x = 1 RETURNING *) INSERT INTO b SELECT * FROM d', 'changes b, a'],
  ['EXPLAIN DELETE FROM a', 'reads a'],
  ['EXPLAIN ANALYZE DELETE FROM a', 'changes a'],
  ['COPY a FROM STDIN', 'changes a'],
  ['COPY a TO STDOUT', 'reads a'],
  ['COPY (SELECT * FROM a) TO STDOUT', 'reads a'],
  ['TRUNCATE a, s.b', 'changes a, s.b'],
  ['LOCK TABLE a', 'reads a'],
  ['VACUUM a, b', 'changes a, b'],
  ['REFRESH MATERIALIZED VIEW m', 'changes m'],
  ['SELECT * INTO b FROM a', 'reads a; defines b'],
  ['CREATE TABLE b AS SELECT * FROM a', 'reads a; defines b'],
  ['CREATE TABLE b (LIKE a, x int REFERENCES c)', 'reads a, c; defines b'],
  ['CREATE VIEW v AS SELECT * FROM a', 'reads a; defines v'],
  ['CREATE RULE r AS ON INSERT TO a DO ALSO DELETE FROM b', 'reads b; defines a'],
  ['CREATE INDEX i ON s.a (x)', 'defines i, s.a'],
  ['CREATE SEQUENCE s.q', 'defines s.q'],
  ['CREATE TYPE s.c AS (x int)', 'defines s.c'],
  ["CREATE TYPE s.c AS ENUM ('x')", 'defines s.c'],
  ['CREATE DOMAIN s.d AS int', 'defines s.d'],
  ['CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS $$ DELETE FROM a $$', 'defines s.f'],
  ['CREATE SCHEMA s CREATE TABLE a (x int)', 'defines s, a'],
  ['CREATE EXTENSION e', 'defines e'],
  ['CREATE ROLE r', 'defines r'],
  ['ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES b', 'reads b; defines a'],
  ['ALTER TABLE s.a RENAME TO b', 'defines s.a'],
  ['ALTER FUNCTION s.f(int) OWNER TO me', 'defines s.f'],
  ['DROP TABLE s.a, b CASCADE', 'defines s.a, b'],
  ['DROP FUNCTION s.f(int)', 'defines s.f'],
  ['DROP TRIGGER t ON a', 'defines a.t'],
  ['DROP SCHEMA a, b', 'defines a, b'],
  ['DROP TYPE s.c', 'defines s.c'],
  ["COMMENT ON COLUMN s.a.x IS 'x'", 'defines s.a.x'],
  ['GRANT SELECT ON a TO me', 'defines a'],
  ['GRANT EXECUTE ON FUNCTION s.f(int) TO me', 'defines s.f'],
  ['GRANT admin TO me', 'defines admin'],
  ['PREPARE p AS UPDATE a SET x = 1 WHERE id = 1', 'changes a'],
  ['DECLARE c CURSOR FOR SELECT * FROM a', 'reads a'],
  ['CALL s.p(1)', 'calls s.p'],
  ['SELECT my.f(x), lower(x) FROM a', 'reads a; calls my.f'],
  ['SELECT pg_terminate_backend(1)', 'calls pg_terminate_backend'],
]

describe('what a statement touches, and how', () => {
  it.each(TOUCHED)('%s → %s', (sql, touched) => expect(said(sql)).toBe(touched))

  it('several statements are told one by one, and together', () => {
    const text = 'select * from a ; /* b */ update b set x = 1 where y = 2;\ndrop table c'
    const { statements, touched, verbs } = read(text)
    expect(verbs).toEqual(['select', 'update', 'drop table'])
    expect(touched).toEqual({ reads: ['a'], changes: ['b'], defines: ['c'] })
    expect(statements.map(({ at, length, ...rest }) => [text.slice(at, at + length).trim(), rest])).toEqual([
      ['select * from a', { verb: 'select', writes: false, touched: { reads: ['a'] } }],
      ['update b set x = 1 where y = 2', { verb: 'update', writes: true, touched: { changes: ['b'] } }],
      ['drop table c', { verb: 'drop table', writes: true, touched: { defines: ['c'] } }],
    ])
  })

  it('a text of thousands of statements and names stays small', () => {
    const facts = read(Array.from({ length: 3000 }, (_, i) => `insert into t${i} values (1);`).join(''))
    expect(facts.verbs).toHaveLength(3000)
    expect(facts.statements).toHaveLength(100)
    expect(facts.touched?.changes).toHaveLength(500)
    const from = Array.from({ length: 400 }, (_, i) => `t${i}`).join(', ')
    const wide = read(`select 1 from ${from};`.repeat(20))
    expect(wide.statements.map(({ touched }) => touched?.reads?.length)).toEqual([
      ...[400, 400, 400, 400, 400],
      ...Array.from({ length: 15 }, () => undefined),
    ])
  })
})

/** `^` stands before the character at which PostgreSQL clients draw their caret. */
const PLACES: readonly (readonly [marked: string, rule: string])[] = [
  ['delete from ^orders', 'write_without_where'],
  ['select 1; delete from ^orders', 'write_without_where'],
  ["select 'ä€𝄞'; delete from ^orders", 'write_without_where'],
  ['update orders set a = 1 where ^1 = 1', 'write_without_where'],
  ['update orders set a = 1 where ^id = id or id > 3', 'write_without_where'],
  ['select 1 ; -- x\n ^drop table orders', 'ddl'],
  ['/* ö */ ^reset role', 'set_role'],
  ["select 1, ^pg_read_file('/x')", 'server_files'],
  ["select ^t.pg_read_file from unnest('{/x}'::text[]) t", 'server_files'],
  ["select a, ((^'/x'::text)).pg_read_file from t", 'server_files'],
  ["create table a (x int); create function f() returns int ^language c as 'x'", 'server_code'],
  ['select * into ^b from a', 'ddl'],
  ['prepare p as delete from ^orders', 'write_without_where'],
  ['prepare p as select 1; ^prepare q as select 2', 'several_prepares'],
  ["update ^pg_settings set setting = 'x'", 'system_catalogs'],
  ['with d as (delete from ^a returning *) select * from d', 'write_without_where'],
  ['explain analyze delete from ^a', 'write_without_where'],
]

describe('the place of what is objected to', () => {
  it.each(PLACES)('%s (%s)', (marked, rule) => {
    const text = marked.replace('^', '')
    const found = read(text).findings.find(finding => finding.rule === rule)
    const characters = Array.from(text)
    characters.splice(found?.at ?? 0, 0, '^')
    expect(characters.join('')).toBe(marked)
  })
})
