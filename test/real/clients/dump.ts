import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Exercise } from './exercise.ts'
import type { Said, Stand, Way } from './stand.ts'

const DUMP = {
  client: 'pg_dump, pg_restore',
  needs: { pg_dump: 'postgresql-client', pg_restore: 'postgresql-client' },
}

/** A schema with most kinds of objects; `rows` in its largest table. */
const schema = (rows: number): string => `
  create schema big;
  create type big.mood as enum ('calm', 'hurried');
  create function big.twice(int) returns int language sql immutable as 'select $1 * 2';
  create table big.a (i int primary key, t text, d date default '2024-02-29', m big.mood, b bytea);
  insert into big.a select i, repeat('x', i % 100), now(), 'calm', decode(md5(i::text), 'hex') from generate_series(1, ${rows}) i;
  create index on big.a (big.twice(i));
  create table big.b (id serial primary key, a int references big.a, j jsonb default '{}') partition by range (id);
  create table big.b1 partition of big.b for values from (0) to (1000000);
  insert into big.b (a, j) select i, jsonb_build_object('i', i) from generate_series(1, ${rows >> 1}) i;
  create view big.v as select count(*) from big.a;
  create materialized view big.m as select i % 7 as k, count(*) from big.a group by 1;
  create rule nothing as on insert to big.v do instead nothing;
  comment on table big.a is 'a quote '' and a \\ backslash';
`
const FINGERPRINT = `select count(*), md5(string_agg(a::text, '' order by i)) from big.a a;
  select count(*), md5(string_agg(b::text, '' order by id)) from big.b b; select sum(count) from big.m;`

async function must(said: Promise<Said>): Promise<string> {
  const { code, out, err } = await said
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return out
}

/** A dump as text, less the random token of \restrict. */
async function dumped(way: Way, name: string, args: readonly string[]): Promise<string> {
  await must(way.run('pg_dump', [...args, '-f', name]))
  return readFileSync(join(way.folder, name), 'utf8').replaceAll(/^\\(un)?restrict .*$/gm, '')
}

const drop = (way: Way): Promise<string> =>
  must(way.psql('set client_min_messages = warning; drop schema big cascade;'))

async function withSchema(stand: Stand, rows: number, work: () => Promise<void>): Promise<void> {
  await must(stand.direct.psql(schema(rows)))
  try {
    await work()
  } finally {
    await stand.direct.psql('set client_min_messages = warning; drop schema if exists big cascade;')
  }
}

const FORMATS: readonly (readonly [string, readonly string[]])[] = [
  ['plain.sql', ['-n', 'big', '-n', 'public', '--serializable-deferrable', '--enable-row-security']],
  ['inserts.sql', ['-n', 'big', '--inserts', '--rows-per-insert=100']],
  ['columns.sql', ['-n', 'big', '--column-inserts', '--quote-all-identifiers', '--clean', '--if-exists']],
]

async function restored(stand: Stand): Promise<void> {
  const { gateway } = stand
  const before = await must(gateway.psql(FINGERPRINT))
  await must(gateway.run('pg_dump', ['-n', 'big', '-Fd', '-j', '4', '-f', 'dir']))
  await must(gateway.run('pg_dump', ['-n', 'big', '-Fc', '-f', 'custom']))
  await must(gateway.run('pg_dump', ['-n', 'big', '-f', 'text.sql']))
  await must(gateway.run('pg_dump', ['-n', 'big', '--inserts', '--rows-per-insert=500', '-f', 'inserts.sql']))
  const ways: readonly (() => Promise<string>)[] = [
    () => must(gateway.run('pg_restore', ['-d', 'orders', '-j', '4', 'dir'])),
    () => must(gateway.run('pg_restore', ['-d', 'orders', '-1', 'custom'])),
    () =>
      must(gateway.run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', 'text.sql'])),
    () => must(gateway.run('psql', ['-X', '-q', '-1', '-o', '/dev/null', '-f', 'inserts.sql'])),
  ]
  for (const restore of ways) {
    await drop(gateway)
    await restore()
    expect(await must(gateway.psql(FINGERPRINT))).toBe(before)
  }
}

export const DUMP_EXERCISES: readonly Exercise[] = [
  {
    ...DUMP,
    what: 'plain, --inserts, --column-inserts, --clean, --serializable-deferrable, --enable-row-security',
    test: [15],
    soak: [],
    result: 'equal',
    run: stand =>
      withSchema(stand, 2000, async () => {
        for (const [name, args] of FORMATS) {
          const text = await stand.same(way => dumped(way, name, args))
          expect(text.replaceAll('"', '')).toContain('CREATE TABLE big.a')
        }
      }),
  },
  {
    ...DUMP,
    what: 'directory -j 4 and custom, pg_restore -j 4 and -1, psql -f and -1 -f: what is restored is what was dumped',
    test: [15],
    soak: [15],
    result: 'equal',
    run: (stand, when) => {
      const rows = when === 'test' ? 2000 : 300_000
      return withSchema(stand, rows, () => restored(stand))
    },
  },
]
