import fc from 'fast-check'
import { loadModule, parseSync } from 'libpg-query'
import { beforeAll, describe, expect, it } from 'vitest'
import { listAt, nodeAt, type Node } from './tree.ts'
import { narrows } from './where.ts'

beforeAll(loadModule)

function narrowsText(condition: string, alone = true): boolean {
  const tree = parseSync(`DELETE FROM t WHERE ${condition}`) as unknown as Node
  const statement = nodeAt(listAt(tree, 'stmts')[0] ?? {}, 'stmt')
  return narrows(nodeAt(nodeAt(statement ?? {}, 'DeleteStmt') ?? {}, 'whereClause'), alone)
}

const WIDE = [
  'true',
  "'t'",
  "'yes'::boolean",
  '1 = 1',
  "'a' = 'a'",
  '2 > 1',
  'NOT false',
  'NOT NOT true',
  '$1',
  '$1 = $2',
  'random() < 2',
  'now() IS NOT NULL',
  'EXISTS (SELECT 1)',
  '(SELECT true)',
  '1 IN (1, 2)',
  'COALESCE(NULL, true)',
  'CASE WHEN true THEN true END',
  'id = id',
  'id = t.id',
  'id >= id',
  'id IS NOT DISTINCT FROM id',
  'NOT (id <> id)',
  'NOT id < id',
  'id BETWEEN id AND id',
  'id IN (1, id)',
  'id = ANY (ARRAY[id])',
  'id + 1 = id + 1',
  "name LIKE '%'",
  "name ILIKE '%%'",
  "name ~ '.*'",
  "name ~ ''",
  'true OR id = 5',
  'id = 5 OR 1 = 1',
  'id = 5 OR $1 IS NULL',
  'id = 1 OR id <> 1',
  'id IS NULL OR id IS NOT NULL',
  'done OR NOT done',
  'id < 5 OR id >= 5',
  'true AND 1 = 1',
  'id = id AND true',
  '(id = id) IS TRUE',
  '(id <> id) IS FALSE',
  'NOT (id = 5 AND false)',
  '(1 = 1)::bool',
  'false',
]
const NARROW = [
  'id = 5',
  'id = $1',
  't.id = 5',
  'done',
  'NOT done',
  'id <> id',
  'id = other',
  'id = id + 1',
  'id IN (1, 2)',
  "name LIKE 'a%'",
  "name NOT LIKE '%'",
  "name ~ '^a'",
  'id IS NULL',
  'id IS NOT NULL',
  'true AND id = 5',
  '1 = 1 AND (id = 5 OR id = 6)',
  'id = 1 OR id <> 2',
  'NOT (id = 5 OR true)',
  'NOT (id = 5)',
  'CURRENT OF c',
  'EXISTS (SELECT 1 FROM s WHERE s.id = t.id)',
  'id IN (SELECT id FROM s)',
  'row(id, name) = (1, $1)',
  '(id = 5) IS TRUE',
  'done IS NOT TRUE',
  'id BETWEEN 1 AND 5',
  'lower(name) = $1',
]

describe('whether a condition narrows', () => {
  for (const condition of WIDE)
    it(`attack 14: does not: ${condition}`, () => expect(narrowsText(condition)).toBe(false))
  for (const condition of NARROW) it(`does: ${condition}`, () => expect(narrowsText(condition)).toBe(true))

  it('takes id and t.id for two columns when a second relation is in sight', () => {
    expect(narrowsText('id = t.id', false)).toBe(true)
    expect(narrowsText('t.id = t.id', false)).toBe(false)
  })

  it('property: AND is narrowed by any side, OR by all, and a double NOT changes nothing', () => {
    const any = fc.constantFrom(...WIDE, ...NARROW.filter(text => text !== 'CURRENT OF c'))
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(narrowsText(`(${a}) AND (${b})`)).toBe(narrowsText(a) || narrowsText(b))
        if (narrowsText(`(${a}) OR (${b})`)) expect(narrowsText(a) && narrowsText(b)).toBe(true)
        expect(narrowsText(`NOT (NOT (${a}))`)).toBe(narrowsText(a))
      }),
      { numRuns: 300 },
    )
  })

  it('property: what is said to be wide keeps every row without nulls, evaluated naively over small integers', () => {
    const column = fc.constantFrom('a', 'b')
    const operand = fc.oneof(column, fc.constantFrom('0', '1', '2'))
    const comparison = fc
      .tuple(operand, fc.constantFrom('=', '<>', '<', '>', '<=', '>='), operand)
      .map(parts => parts.join(' '))
    const condition = fc.letrec<{ node: string }>(tie => ({
      node: fc.oneof(
        { maxDepth: 3 },
        comparison,
        fc
          .tuple(tie('node'), fc.constantFrom('AND', 'OR'), tie('node'))
          .map(([l, op, r]) => `(${l} ${op} ${r})`),
        tie('node').map(inner => `NOT (${inner})`),
      ),
    })).node
    const rows = [0, 1, 2, 3].flatMap(a => [0, 1, 2, 3].map(b => ({ a, b })))
    fc.assert(
      fc.property(condition, text => {
        const kept = rows.filter(row => evaluate(text, row)).length
        // One that names a column and keeps only some rows must never be refused as wide, unless an OR hides all-or-nothing in it.
        if (kept > 0 && kept < rows.length && !/(^|[( ])[0-2] (=|<>|<|>|<=|>=) [0-2]/.test(text))
          expect([text, narrowsText(text)]).toEqual([text, true])
      }),
      { numRuns: 600 },
    )
  })
})

/** A second, naive reading of the little grammar above. */
function evaluate(text: string, row: { readonly a: number; readonly b: number }): boolean {
  const tokens = text.match(/<=|>=|<>|[()=<>]|\w+/g) ?? []
  let at = 0
  const value = (token = ''): number => (token === 'a' ? row.a : token === 'b' ? row.b : Number(token))
  const term = (): boolean => {
    if (tokens[at] === 'NOT') return (at++, !term())
    if (tokens[at] === '(') {
      at++
      const inner = either()
      at++
      return inner
    }
    const [left, op, right] = [value(tokens[at]), tokens[at + 1], value(tokens[at + 2])]
    at += 3
    if (op === '=') return left === right
    if (op === '<>') return left !== right
    if (op === '<') return left < right
    if (op === '>') return left > right
    return op === '<=' ? left <= right : left >= right
  }
  const either = (): boolean => {
    let result = term()
    while (tokens[at] === 'AND' || tokens[at] === 'OR') {
      const op = tokens[at++]
      const right = term()
      result = op === 'AND' ? result && right : result || right
    }
    return result
  }
  return either()
}
