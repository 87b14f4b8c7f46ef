import fc from 'fast-check'
import { loadModule, parseSync } from 'libpg-query'
import { beforeAll, describe, expect, it } from 'vitest'
import { splitPsqlScript } from './split-psql-script.ts'

beforeAll(loadModule)

const texts = (script: string): string[] => splitPsqlScript(script).messages.map(({ text }) => text)

describe('a psql script', () => {
  it.each([
    ['select 1; select 2', ['select 1', 'select 2']],
    ["select ';', E'\\';', \";\" ; select 2", ["select ';', E'\\';', \";\"", 'select 2']],
    ["select '\\'; select 2", ["select '\\'", 'select 2']],
    ['select $$;$$, $a1$;$$;$a1$; select 2', ['select $$;$$, $a1$;$$;$a1$', 'select 2']],
    ['select 1 /* ; /* ; */ ; */ -- ;\n; select 2', ['select 1 /* ; /* ; */ ; */ -- ;', 'select 2']],
    [
      'create rule r as on insert to t do (select 1; select 2); select 3',
      ['create rule r as on insert to t do (select 1; select 2)', 'select 3'],
    ],
    [
      'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3',
      [
        'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end',
        'select 3',
      ],
    ],
    ['begin; select 1; end; select 2', ['begin', 'select 1', 'end', 'select 2']],
    ['select 1\\; select 2;', ['select 1; select 2']],
    ['select 1 \\gset\nselect 2 \\g', ['select 1', 'select 2']],
    ['\\d t\nselect 1; \\echo ; done\nselect 2;', ['select 1', 'select 2']],
    ["\\set a 'x' y \\\\ select :'a', :a, 1::int, :\"a\";", ['select \'xy\', xy, 1::int, "xy"']],
    ['copy t from stdin;\n1\n;\n\\.\nselect 2;', ['copy t from stdin', 'select 2']],
    [
      'copy t from stdin (nonsense);\nselect 2;\ncopy t from stdin;\n1\n\\.\n',
      ['copy t from stdin (nonsense)', 'select 2', 'copy t from stdin'],
    ],
    [
      'copy t from stdin \\; copy t from stdin;\n1\n\\.\n2\n\\.\nselect 3',
      ['copy t from stdin ; copy t from stdin', 'select 3'],
    ],
    ['\\copy t from stdin\n1\n\\.\nselect 2', ['select 2']],
    ['\\if true\nselect 1;\n\\else\nselect 2;\n\\endif\nselect 3', ['select 1', 'select 3']],
    [
      '\\if :unknown\nselect 1;\n\\q\n\\elif false\nselect 2;\n\\else\nselect 3;\n\\endif\nselect 4',
      ['select 3', 'select 4'],
    ],
    ['select \\if true \\\\ 42 \\else \\\\ (bogus \\endif \\\\ as n;', ['select  42  as n']],
    ['select 1; \\q\nselect 2', ['select 1']],
    ['select 1 \\r\nselect 2;', ['select 2']],
    [';;\n;', []],
    ["select 'open", ["select 'open"]],
  ])('%j', (script, messages) => {
    const found = texts(script).filter(text => text !== '')
    expect(found).toEqual(messages)
  })

  it('names the line of the first word, and says which texts hold what only a server knows', () => {
    const { messages, commands, data } = splitPsqlScript(
      '-- one\nselect 1 as a \\gset\n\ncopy t from stdin;\n1\n2\n\\.\n-- x\nselect :a,\n :b;\n',
    )
    expect(messages.map(({ line, guessed }) => [line, guessed])).toEqual([
      [2, false],
      [4, false],
      [9, true],
    ])
    expect({ commands, data }).toEqual({ commands: 1, data: 2 })
  })

  it('property: finds the statements that the parser finds', () => {
    const statement = fc.constantFrom(
      'select 1',
      "select ';', E'a\\';' as \"a;b\"",
      "insert into t values ($x$;$x$), ($$ ' ; $$)",
      'update t set a = (select 1) -- ;\n where b = 2',
      'delete from t /* ; */ where a = 1',
      'create function f() returns int language sql begin atomic select 1; select case when true then 2 end; end',
      'create table "create" (a int default 1)',
      'do $do$ begin perform 1; end $do$',
      "select U&'\\0041;', B'1', N'x;', a::text from t where b >= 1 and c[1:2] is null",
    )
    fc.assert(
      fc.property(
        fc.array(statement, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(';', ' ;\n', ';\n-- x\n'),
        (list, end) => {
          const script = list.join(end)
          const { stmts = [] } = parseSync(script)
          expect(stmts).toHaveLength(list.length)
          expect(texts(script).map(text => text.replace(/^-- x\n/, ''))).toEqual(list)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('property: whatever the script, it ends, and loses no statement behind a semicolon', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from(`'"\\$;():-/*a \n.`)) }), junk => {
        for (const { text } of splitPsqlScript(junk).messages)
          expect(text.length).toBeLessThanOrEqual(junk.length + 1)
      }),
      { numRuns: 2000 },
    )
  })
})
