import { loadModule, parseSync, scanSync } from 'libpg-query'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Node } from '../inspect/tree.ts'
import { dissect } from './dissect.ts'
import type { Dissection } from './dissection.ts'
import { lockQuery } from './image-queries.ts'
import type { Column, Table } from './table.ts'

const grammar = {
  parse: (text: string) => parseSync(text) as unknown as Node,
  scan: (text: string) => scanSync(text).tokens,
}
beforeAll(() => loadModule())

const column = (name: string, over: Partial<Column> = {}): Column => ({
  name,
  type: 'integer',
  generated: false,
  always: false,
  readable: true,
  key: 0,
  ...over,
})
const TABLE: Table = {
  oid: '1',
  schema: 'public',
  name: 't',
  columns: [column('id', { key: 1 })],
  lockable: true,
  located: true,
  rules: false,
  inherited: false,
  triggers: false,
  cascades: { delete: false, update: false },
}

const locks = (text: string): string => {
  const seen = dissect(text, grammar)
  if (seen.kind !== 'update' && seen.kind !== 'delete') throw new Error(`${text}: ${JSON.stringify(seen)}`)
  return lockQuery(seen, TABLE, 9)
}
const places = (alias: string) =>
  `"${alias}".tableoid, "${alias}".ctid, coalesce(pg_column_size("${alias}"."id"), 0)`

describe('a statement taken apart', () => {
  it.each([
    [
      'update t set a = 1 where id = 2',
      `SELECT ${places('t')} FROM t WHERE id = 2 LIMIT 9 FOR NO KEY UPDATE OF "t"`,
    ],
    [
      '; DELETE FROM only public."T" AS x -- c\n WHERE x.id = 2 RETURNING *;',
      `SELECT ${places('x')} FROM only public."T" AS x WHERE x.id = 2 LIMIT 9 FOR UPDATE OF "x"`,
    ],
    [
      'update t set a = b is distinct from c, d = (select 1 where true) from u, v where t.id = u.id',
      `SELECT ${places('t')} FROM t WHERE EXISTS (SELECT FROM u, v WHERE t.id = u.id) LIMIT 9 FOR NO KEY UPDATE OF "t"`,
    ],
    [
      "delete from t using u where t.id = u.id and u.b = 'é -- no; where'",
      `SELECT ${places('t')} FROM t WHERE EXISTS (SELECT FROM u WHERE t.id = u.id and u.b = 'é -- no; where') LIMIT 9 FOR UPDATE OF "t"`,
    ],
    [
      'with w as (select 1 as id) update t set a = 1 from w where t.id = w.id',
      `with w as (select 1 as id) SELECT ${places('t')} FROM t WHERE EXISTS (SELECT FROM w WHERE t.id = w.id) LIMIT 9 FOR NO KEY UPDATE OF "t"`,
    ],
    [
      'update t set a = $1 where id = $3 or id = $2 or id = $3',
      `SELECT ${places('t')} FROM t WHERE id = $1 or id = $2 or id = $1 LIMIT 9 FOR NO KEY UPDATE OF "t"`,
    ],
    ['delete from t', `SELECT ${places('t')} FROM t LIMIT 9 FOR UPDATE OF "t"`],
    [
      'update t set a = 1 from u',
      `SELECT ${places('t')} FROM t WHERE EXISTS (SELECT FROM u) LIMIT 9 FOR NO KEY UPDATE OF "t"`,
    ],
    [
      'delete from t where id = 1 /* where id = 2 */ or "where" = 3',
      `SELECT ${places('t')} FROM t WHERE id = 1 /* where id = 2 */ or "where" = 3 LIMIT 9 FOR UPDATE OF "t"`,
    ],
  ])('%s', (text, query) => {
    expect(locks(text)).toBe(query)
    expect(() => grammar.parse(query)).not.toThrow()
  })

  it('keeps which parameters the condition uses, and which columns are set', () => {
    expect(
      dissect('update t set (a, b) = (select 1, 2), c[1] = $1 where id = $3 or x = $2', grammar),
    ).toMatchObject({
      parameters: [3, 2],
      sets: ['a', 'b', 'c'],
    })
  })

  it.each<[string, Partial<Dissection>]>([
    ['with w as (delete from u returning 1) update t set a = 1', { kind: 'held', why: 'a WITH that writes' }],
    ['delete from t where current of c', { kind: 'held', why: 'WHERE CURRENT OF a cursor' }],
    ['delete from t where audit(id)', { kind: 'held' }],
    ["delete from t where nextval('s') > 0", { kind: 'held' }],
    ['delete from t where lower(name) = any (array[1])', { kind: 'delete' }],
    [
      'insert into t values (1) on conflict (id) do update set a = 1',
      { kind: 'held', why: 'ON CONFLICT DO UPDATE' },
    ],
    [
      'insert into t values (1) on conflict do nothing;',
      { kind: 'insert', open: 'insert into t values (1) on conflict do nothing' },
    ],
    [
      'insert into s.t select 1 -- end',
      { kind: 'insert', name: ['s', 't'], open: 'insert into s.t select 1' },
    ],
    ['insert into t values (1) returning id', { kind: 'insert', open: undefined }],
    ['merge into t using u on t.id = u.id when matched then delete', { kind: 'held', why: 'MERGE' }],
    ['create table x (a int)', { kind: 'held' }],
    ['do $$ begin end $$', { kind: 'held', why: 'functions' }],
    ['vacuum t', { kind: 'never', what: 'VACUUM' }],
    ['analyze t', { kind: 'held' }],
    ['reindex (concurrently) table t', { kind: 'never' }],
    ['reindex database', { kind: 'never' }],
    ['drop index concurrently i', { kind: 'never' }],
    ['alter table t detach partition p concurrently', { kind: 'never' }],
    ['alter table t detach partition p', { kind: 'held' }],
    ["select setval('s', 1)", { kind: 'never', what: 'setval()' }],
    ['select lo_unlink(1)', { kind: 'held' }],
    ['savepoint "A b"', { kind: 'control', verb: 'savepoint', savepoint: 'A b' }],
    ['rollback to savepoint x', { kind: 'control', verb: 'rollback to', savepoint: 'x' }],
    ['end and chain', { kind: 'control', verb: 'commit' }],
    ['abort', { kind: 'control', verb: 'rollback' }],
    ['select 1; select 2', { kind: 'held', why: 'it is not one statement' }],
  ])('%s', (text, expected) => {
    expect(dissect(text, grammar)).toMatchObject(expected)
  })

  it('believes no slice that does not parse to what the statement holds', () => {
    const lying = { ...grammar, scan: (text: string) => grammar.scan(text.replace('id = 1', 'id = 2')) }
    expect(dissect('delete from t where id = 1', lying)).toMatchObject({ kind: 'delete', where: 'id = 1' })
    const shifted = {
      ...grammar,
      scan: (text: string) => grammar.scan(text).map(token => ({ ...token, end: token.end - 1 })),
    }
    expect(dissect('delete from t where id = 11', shifted)).toMatchObject({
      kind: 'held',
      why: 'a form whose rows cannot be found beforehand',
    })
  })
})
