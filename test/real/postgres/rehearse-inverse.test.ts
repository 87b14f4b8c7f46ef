import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

/** Types whose text depends on settings, needs quotes or hides what it is. */
const COLUMNS = {
  words: 'text',
  code: 'character(4)',
  amount: 'numeric(12,3)',
  ratio: 'double precision',
  at: 'timestamptz',
  day: 'date',
  span: 'interval',
  raw: 'bytea',
  doc: 'jsonb',
  tags: 'text[]',
  money: 'money',
  mood: 'public.mood',
  place: 'public.place',
  'we ird\'"col': 'varchar(20)',
} as const
const NAMES = Object.keys(COLUMNS)
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
const LIST = NAMES.map(quoted).join(', ')

const schema = (name: string, key: string) => `
  create table ${name} (${key}, twice numeric generated always as (amount * 2) stored,
    ${Object.entries(COLUMNS)
      .map(([column, type]) => `${quoted(column)} ${type}`)
      .join(', ')});`
const SCHEMA = `create type mood as enum ('so so', 'it''s'); create type place as (street text, no int);
  ${schema('one', 'id int generated always as identity primary key')}
  ${schema('"Two words"', 'a text, b int, primary key (b, a)')}
  grant usage on type mood, place to public;`

/** Values of one row as SQL. */
const someText = fc.string({
  unit: fc.constantFrom('a', 'é', "'", '"', '\\', '\n', '\t', ',', '{', '}', '(', 'NULL', ' ', '日'),
})
const values = fc
  .record({
    words: fc.option(someText),
    code: fc.option(fc.constantFrom('', 'ab', "o'x")),
    amount: fc.option(fc.constantFrom('0', '-1.500', '123456789.125', 'NaN')),
    ratio: fc.option(fc.oneof(fc.double().map(String), fc.constant('0.1'))),
    at: fc.option(fc.constantFrom('infinity', '2026-02-03 04:05:06.789012+00', '0044-03-15 12:00:00+00 BC')),
    day: fc.option(fc.constantFrom('2026-02-03', '-infinity', '1999-12-31')),
    span: fc.option(fc.constantFrom('1 year 2 mons -3 days 04:05:06.7', '-1 day 2 hours', '0')),
    raw: fc.option(fc.uint8Array({ maxLength: 9 }).map(bytes => `\\x${Buffer.from(bytes).toString('hex')}`)),
    doc: fc.option(fc.json().map(text => text.replaceAll('\\u0000', ''))),
    tags: fc.option(
      fc
        .array(someText, { maxLength: 3 })
        .map(
          list =>
            `{${list.map(text => JSON.stringify(text).replaceAll('\\n', '\n').replaceAll('\\t', '\t')).join(',')}}`,
        ),
    ),
    money: fc.option(fc.constantFrom('12.34', '-1')),
    mood: fc.option(fc.constantFrom('so so', "it's")),
    place: fc.option(fc.constantFrom('("a ""b"" \\\\c",1)', '(,)')),
    'we ird\'"col': fc.option(fc.constantFrom('$1', '%s', '--')),
  })
  .map(row => NAMES.map(name => row[name as keyof typeof row]))
  .map(row =>
    row.map((value, at) =>
      value === null ? 'NULL' : `${literal(value)}::${COLUMNS[NAMES[at] as keyof typeof COLUMNS]}`,
    ),
  )

type Step = (table: 'one' | '"Two words"', key: string) => string
const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(values, fc.integer({ min: 0, max: 3 }), fc.subarray(NAMES, { minLength: 1 }))
    .map(([row, from, set]): Step => {
      const list = set.map(name => `${quoted(name)} = ${row[NAMES.indexOf(name)]}`)
      return (table, key) => `update ${table} set ${list.join(', ')} where ${key} > ${from}`
    }),
  fc.integer({ min: 0, max: 4 }).map(
    (from): Step =>
      (table, key) =>
        `delete from ${table} as x where x.${key} >= ${from}`,
  ),
  values.map(
    (row): Step =>
      (table, key) =>
        table === 'one'
          ? `insert into one (${LIST}) values (${row.join(', ')}) -- and no more`
          : `insert into "Two words" (a, b, ${LIST}) select 'new''', max(${key}) + 1, ${row.join(', ')} from "Two words" having max(${key}) is not null`,
  ),
)

describe.skipIf(missing('postgres15').length > 0)('inverse statements', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab({
      schema: SCHEMA,
      rules: { rehearse: { withinMs: 60_000, rows: 100, show: 2 } },
      target: { scopes: SCOPES },
    })
    await lab.admin('grant usage on sequence one_id_seq to public')
  })
  afterAll(() => lab.close())

  const SCOPES = {
    repair: { privileges: [{ on: 'public.*', allow: ['select', 'insert', 'update', 'delete'] }] },
  }
  const odd = {
    DateStyle: 'SQL, DMY',
    IntervalStyle: 'sql_standard',
    extra_float_digits: '-15',
    bytea_output: 'escape',
    TimeZone: 'Asia/Kolkata',
  }

  it('statements, then their inverses from the last to the first: the table is what it was', async () => {
    const client = await RawClient.login(lab.port, LOGIN, SECRET, odd)
    const table = fc.constantFrom<'one' | '"Two words"'>('one', '"Two words"')
    let undone = 0
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.array(values, { minLength: 1, maxLength: 4 }),
        fc.array(step, { minLength: 1, maxLength: 3 }),
        async (name, rows, steps) => {
          const key = name === 'one' ? 'id' : 'b'
          const state = async () =>
            (await lab.admin(`select string_agg(t::text, chr(10) order by ${key}) as s from ${name} t`))[0]?.[
              's'
            ]
          const own = name === 'one' ? '' : 'a, b, '
          const inserted = rows.map(
            (row, at) =>
              `insert into ${name} (${own}${LIST}) values (${own === '' ? '' : `'k''\\', ${at}, `}${row.join(', ')})`,
          )
          await lab.admin(`truncate ${name} restart identity; ${inserted.join('; ')}`)
          const before = await state()
          const since = lab.guard().actions.length
          for (const make of steps) {
            const tags = await client.ask([say.query(make(name, key))])
            expect(client.errors()).toEqual([])
            expect(['NCZ', 'CZ']).toContain(tags)
          }
          await client.ask([say.query('commit')])
          const held = lab
            .guard()
            .actions.slice(since)
            .filter(action => action.kind === 'rehearsal')
          for (const { detail } of held) expect(detail).toMatchObject({ images: detail?.['rows'] })
          for (const { inverse } of held.reverse()) {
            // Nothing to undo: every value was what it was set to.
            if (inverse === undefined) continue
            await lab.admin(inverse)
            undone++
          }
          expect(await state()).toBe(before)
        },
      ),
      { numRuns: 40 },
    )
    expect(undone).toBeGreaterThan(20)
    client.destroy()
  })
})
