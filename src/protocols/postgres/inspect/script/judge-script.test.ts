import { describe, expect, it } from 'vitest'
import { judgeScript } from './judge-script.ts'

const rules = { procedure: 'orders-emergency', refuse: ['write_without_where'] }

describe('a script, judged without a session', () => {
  it('says rule by rule who refuses what where, and what would be permitted', async () => {
    const [del, drop] = await judgeScript('select 1 \\; delete from orders;\n\ndrop table archive;', rules)
    expect(del).toMatchObject({
      line: 1,
      refused: true,
      writes: true,
      statements: [
        { verb: 'select', writes: false, objects: [], text: 'select 1' },
        {
          verb: 'delete',
          writes: true,
          objects: [{ name: 'orders', access: 'change' }],
          text: 'delete from orders',
        },
      ],
    })
    expect(del?.rules.map(({ rule, refused }) => [rule, refused])).toEqual([
      ['write_without_where', true],
      ['writes', false],
    ])
    expect(del?.rules[0]).toMatchObject({
      at: 24,
      because: expect.stringContaining('Procedure orders-emergency'),
    })
    expect(drop).toMatchObject({ line: 3, refused: false })
    expect(drop?.rules.find(({ rule }) => rule === 'ddl')?.because).toBe(
      'Procedure orders-emergency does not name ddl in scope.refuse.',
    )
  })

  it('EXECUTE is judged by its PREPARE, and refused without one, as in a session', async () => {
    const judged = await judgeScript(
      'execute p; prepare p as update orders set a = 1 where id = 1; execute p;',
      rules,
    )
    expect(judged.map(({ refused, writes }) => [refused, writes])).toEqual([
      [true, false],
      [false, false],
      [false, true],
    ])
    expect(judged[0]?.rules[0]?.rule).toBe('unknown_statement')
  })

  it('text that cannot be read is refused, by no procedure', async () => {
    const [one] = await judgeScript('selec 1', rules)
    expect(one).toMatchObject({ refused: true, statements: [], rules: [{ rule: 'unparsable', at: 1 }] })
  })
})
