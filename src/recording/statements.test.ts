import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../kernel/json.ts'
import type { RecordedEntry } from './read-actions.ts'
import { matchesFilter } from './statement-filter.ts'
import { type RecordedStatement, statementsOf } from './statements.ts'

let index = 0
const entry = (type: string, outcome: string, data: JsonObject, payload?: JsonValue): RecordedEntry => ({
  index: index++,
  t: 1000 + index,
  type,
  outcome,
  data,
  ...(payload !== undefined && { payload }),
})
const action = (data: JsonObject, payload: JsonValue, outcome = 'allowed') =>
  entry('action', outcome, { kind: 'query', verbs: ['select'], ...data }, payload)
const result = (data: JsonObject, outcome = 'done', payload?: JsonValue) =>
  entry('result', outcome, { rows: 0, bytes: 10, ms: 1, ...data }, payload)

async function read(entries: readonly RecordedEntry[]): Promise<RecordedStatement[]> {
  const source = async function* () {
    for (const one of entries) yield one
  }
  const found: RecordedStatement[] = []
  for await (const statement of statementsOf(source())) found.push(statement)
  return found
}

describe('statements, as people read them', () => {
  it('join what was asked with what came of it, in the order of asking', async () => {
    const found = await read([
      action({ n: 1 }, { text: 'select 1', reads: ['public.orders'] }),
      action({ n: 2, verbs: ['update'], writes: true }, { text: 'update …', changes: ['orders'] }),
      result({ n: 2, rows: 3, changed: 3 }),
      result({ n: 1, rows: 7 }, 'done', { result: 'a\n1\n' }),
    ])
    expect(found).toMatchObject([
      {
        n: 1,
        verdict: 'done',
        rows: 7,
        objects: [{ name: 'public.orders', access: 'read' }],
        result: 'a\n1\n',
      },
      { n: 2, verdict: 'done', rows: 3, changed: 3, writes: true, objects: [{ access: 'change' }] },
    ])
    expect(found[0]).not.toHaveProperty('changed')
  })

  it('have the facts of both, of which what came of it has the last word', async () => {
    const [upload, plain] = await read([
      action({ n: 1, kind: 'sftp_open' }, { text: '/f', detail: { flags: 'write', written: 0 } }),
      action({ n: 2 }, { text: 'select 1' }),
      result({ n: 2 }),
      result({ n: 1 }, 'done', { detail: { written: 3, writtenSha256: 'ab' } }),
    ])
    expect(upload?.detail).toEqual({ flags: 'write', written: 3, writtenSha256: 'ab' })
    expect(plain).not.toHaveProperty('detail')
  })

  it('entries of the first format are read as what they say', async () => {
    const [old] = await read([
      action({ n: 1 }, { text: 'select 1', objects: ['orders'] }),
      result({ n: 1, rows: 1 }),
    ])
    expect(old).toMatchObject({ objects: [{ name: 'orders', access: 'touch' }], rows: 1, verdict: 'done' })
  })

  const several = {
    text: 'select 1; delete from t; select 2',
    reads: ['a'],
    changes: ['t'],
    parts: [
      { verb: 'select', writes: false, at: 1, length: 8, reads: ['a'] },
      { verb: 'delete', writes: true, at: 11, length: 13, changes: ['t'] },
      { verb: 'select', writes: false, at: 26, length: 8 },
    ],
  }
  const verbs = ['select', 'delete', 'select']

  it('of several in one message each has its own counts', async () => {
    const each = [
      { rows: 1, ms: 1 },
      { rows: 4, changed: 4, ms: 2 },
      { rows: 1, ms: 3 },
    ]
    const found = await read([
      action({ n: 1, verbs, writes: true }, several),
      result({ n: 1, rows: 6, changed: 4, each }),
    ])
    expect(
      found.map(({ part, of, text, rows, changed, verdict }) => [part, of, text, rows, changed, verdict]),
    ).toEqual([
      [1, 3, 'select 1', 1, undefined, 'done'],
      [2, 3, 'delete from t', 4, 4, 'done'],
      [3, 3, 'select 2', 1, undefined, 'done'],
    ])
  })

  it('one that fails stops those behind it', async () => {
    const found = await read([
      action({ n: 1, verbs, writes: true }, several),
      result({ n: 1, rows: 1, each: [{ rows: 1, ms: 1 }], error: '42P01' }, 'error', { error: 'no table t' }),
    ])
    expect(found.map(({ verdict, error }) => [verdict, error?.code])).toEqual([
      ['done', undefined],
      ['failed', '42P01'],
      ['not run', undefined],
    ])
  })

  it('one that is refused keeps the others from running', async () => {
    const refused = [{ rule: 'write_without_where', what: 'delete without WHERE', at: 23 }]
    const found = await read([
      action(
        { n: 1, verbs, writes: true, rules: ['write_without_where'] },
        { ...several, refused },
        'refused',
      ),
    ])
    expect(found.map(({ verdict }) => verdict)).toEqual(['not run', 'refused', 'not run'])
    expect(found[1]?.refused).toEqual(refused)
  })

  it('a Parse is told only when it came to nothing, what the end cut off is unanswered, erased content stays away', async () => {
    const found = await read([
      action({ n: 1, kind: 'parse' }, { text: 'select 1' }),
      result({ n: 1 }),
      action({ n: 2, kind: 'parse' }, { text: 'selec 2' }, 'refused'),
      {
        ...entry('action', 'allowed', { n: 3, kind: 'bind', verbs: ['update'], writes: true }),
        erased: true,
      },
    ])
    expect(found.map(({ n, verdict, erased }) => [n, verdict, erased])).toEqual([
      [2, 'refused', undefined],
      [3, 'unanswered', true],
    ])
  })
})

describe('the filter', () => {
  const statement: RecordedStatement = {
    index: 1,
    n: 1,
    t: 1,
    kind: 'query',
    verbs: ['drop table'],
    writes: true,
    objects: [{ name: 'public.Orders', access: 'define' }],
    verdict: 'done',
    text: 'DROP TABLE public."Orders"',
  }
  it.each([
    [{ object: 'orders' }, true],
    [{ object: 'PUBLIC.orders' }, true],
    [{ object: 'shop.public.orders' }, true],
    [{ object: 'ders' }, false],
    [{ object: 'other.orders' }, false],
    [{ verb: 'drop' }, true],
    [{ verb: 'DROP table' }, true],
    [{ verb: 'dro' }, false],
    [{ text: 'drop table PUBLIC' }, true],
    [{ writes: true, refused: true }, false],
    [{ writes: true, object: 'orders' }, true],
    [{}, true],
  ])('%j → %s', (filter, found) => expect(matchesFilter(statement, filter)).toBe(found))
})
