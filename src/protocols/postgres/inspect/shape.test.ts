import fc from 'fast-check'
import { loadModule, parseSync } from 'libpg-query'
import { beforeAll, describe, expect, it } from 'vitest'
import { shapeOf } from './shape.ts'
import { readTree } from './text.ts'
import type { Node } from './tree.ts'

beforeAll(loadModule)

const facts = (sql: string): unknown => {
  try {
    // Places differ by the length of the numbers.
    return JSON.parse(
      JSON.stringify(readTree(parseSync(sql) as unknown as Node), (key, value: unknown) =>
        key === 'at' || key === 'length' ? undefined : value,
      ),
    )
  } catch {
    return 'unparsable'
  }
}

describe('the shape of a text', () => {
  it('is the same for other numbers and other for other words', () => {
    const shape = shapeOf('SELECT abalance FROM pgbench_accounts WHERE aid = 4711;')
    expect(shape).toBeDefined()
    expect(shapeOf('SELECT abalance FROM pgbench_accounts WHERE aid = 1;')).toBe(shape)
    expect(shapeOf('SELECT abalance FROM pgbench_accounts WHERE bid = 1;')).not.toBe(shape)
  })

  it('keeps equal numbers apart from different ones', () => {
    expect(shapeOf('delete from t where 1=1')).not.toBe(shapeOf('delete from t where 1=2'))
    expect(shapeOf('delete from t where a=1 or a<>1')).not.toBe(shapeOf('delete from t where a=1 or a<>2'))
  })

  for (const sql of [
    'SET standard_conforming_strings = 1',
    'select 1; set standard_conforming_strings = 0',
    'EXPLAIN (ANALYZE 1) DELETE FROM t',
    "select '1'",
    'select $1',
    'select $1$ 1',
    'select 1 -- 2',
    'select 1 /* 2 */',
    'select 0x10',
    'select 1_000',
    'select 1e5',
    'select 1.5',
    'select .5',
    'select 007',
    'select 99999999999',
    'select 1a',
    'select cast(1 as float(0))',
    'select "1"',
    'select 1 \\ 2',
    'select 1, ä',
    'select 1\u00a0',
    'FETCH 5 FROM c',
    'execute p(1)',
    'select a[1]',
    'select 1::int',
  ]) {
    it(`leaves to the parser: ${sql}`, () => expect(shapeOf(sql)).toBeUndefined())
  }

  it('property: texts of one shape have the same facts', () => {
    const number = fc.oneof(fc.constantFrom('0', '1', '2'), fc.nat(999_999_999).map(String))
    const word = fc.constantFrom(
      'select',
      'delete',
      'from',
      'where',
      'update',
      'set',
      't',
      'a',
      'a1',
      'or',
      'and',
      'not',
      'limit',
      '(',
      ')',
      '=',
      '<>',
      ',',
      '*',
      'in',
      'is null',
      'between',
      'insert into t values',
      'with x as',
      'true',
      'setval',
      'pg_sleep',
      'group by',
      'fetch first',
      'rows only',
      'numeric',
      'cast',
      'as',
      'int',
      'bit',
      'interval',
      'union',
      '.',
      '-',
      ' ;',
    )
    const start = fc.constantFrom(
      'select',
      'delete from t where',
      'update t set a =',
      'insert into t values (',
      'with x as (delete from t where',
    )
    const condition = fc
      .array(
        fc
          .tuple(
            fc.constantFrom('a', 'b', '@'),
            fc.constantFrom('=', '<>', '<', '>='),
            fc.constantFrom('a', '@', '@'),
          )
          .map(parts => parts.join(' ')),
        { minLength: 1, maxLength: 3 },
      )
      .chain(parts => fc.constantFrom(' or ', ' and ').map(join => parts.join(join)))
    const template = fc.oneof(
      fc
        .tuple(start, fc.array(fc.oneof(word, fc.constant('@')), { maxLength: 14 }))
        .map(([first, rest]) => [first, ...rest].join(' ')),
      fc
        .tuple(
          fc.constantFrom('delete from t where', 'update t set a = @ where', 'select @ from t where'),
          condition,
        )
        .map(parts => parts.join(' ')),
    )
    const seen = { alike: 0, parsed: 0 }
    fc.assert(
      fc.property(
        template,
        fc.array(number, { minLength: 20, maxLength: 20 }),
        fc.array(number, { minLength: 20, maxLength: 20 }),
        (text, one, two) => {
          const fill = (numbers: readonly string[]) => {
            let next = 0
            return text.replaceAll('@', () => numbers[next++ % numbers.length] ?? '0')
          }
          const [first, second] = [fill(one), fill(two)]
          const shape = shapeOf(first)
          if (shape === undefined || shape !== shapeOf(second)) return
          seen.alike++
          const read = facts(first)
          if (read !== 'unparsable') seen.parsed++
          expect(facts(second)).toEqual(read)
        },
      ),
      { numRuns: 4000 },
    )
    // The property is about something: shapes met, and many of them were statements.
    expect(seen.alike).toBeGreaterThan(500)
    expect(seen.parsed).toBeGreaterThan(200)
  })

  it('property: is what the naive reading by expressions says, for any text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'select ',
        'delete from t where ',
        'WITH\n',
        ' ',
        '\t',
        '--',
        '-',
        ';',
        '; ',
        'float',
        "'",
        '$1',
        '.',
        '1.5',
      ),
      fc.constantFrom(
        '007',
        '0',
        '12',
        '1234567890',
        'a1',
        'a.1',
        '1a',
        '_1',
        '.5',
        '5.',
        '#0',
        '/*',
        'ä',
        '\u00a0',
        '|',
        '!=',
      ),
      fc.nat().map(String),
      fc.string({ maxLength: 3 }),
    )
    let shaped = 0
    fc.assert(
      fc.property(
        fc.constantFrom('select ', 'Update ', ' insert\t', ''),
        fc.array(piece, { maxLength: 9 }),
        (start, pieces) => {
          const text = start + pieces.join('')
          if (shapeOf(text) !== undefined) shaped++
          expect(shapeOf(text)).toBe(naiveShapeOf(text))
        },
      ),
      { numRuns: 20_000 },
    )
    expect(shaped).toBeGreaterThan(150)
  })
})

/** The second implementation: four expressions and a replacement. */
function naiveShapeOf(text: string): string | undefined {
  if (text.length > 1024 || !/[0-9]/.test(text)) return undefined
  if (!/^[ \t\r\n]*(select|insert|update|delete|with)[ \t\r\n]/i.test(text)) return undefined
  if (!/^[\w \t\r\n,.()=<>*+%|!-]*;?[ \t\r\n]*$/.test(text)) return undefined
  if (text.includes('--') || /float/i.test(text)) return undefined
  const numbers = new Map<string, number>()
  let strange = false
  const shape = text.replace(/[\w.]*[0-9][\w.]*/g, word => {
    if (/^[A-Za-z_]/.test(word)) return word
    if (!/^(0|[1-9][0-9]{0,8})$/.test(word)) strange = true
    let place = numbers.get(word)
    if (place === undefined) numbers.set(word, (place = numbers.size))
    return `#${place}`
  })
  return strange || numbers.size === 0 ? undefined : shape
}
