import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EXAMPLE, known, loaded, procedureText } from './example.suite.ts'
import { loadProcedures } from './load.ts'
import { problemText } from './problem.ts'
import { runTests } from './run-tests.ts'

const set = loaded(EXAMPLE)
const run = (text: string, on = set) => runTests(on, [{ path: 'orders-db.test.yaml', text }], known)

const ON_CALL = `requester: { id: ana, groups: [payments-oncall] }
  incident: { source: pager, trust: signed, status: open, severity: 1, services: [orders], responders: [{ person: ana, state: accepted }], declared_by: monitor }
  target: orders-db`

describe('procedure tests', () => {
  it('pass when the procedures say what is expected', () => {
    const { results, problems } = run(`- case: on-call engineer during a signed P1 gets in without waiting
  ${ON_CALL}
  expect: { decision: grant, approval: none, time: 1800s, procedure: orders-db-emergency, scope: repair, because: automatic_when holds }
- case: without an incident nobody gets in
  requester: { id: ana, groups: [payments-oncall] }
  target: orders-db
  expect: { decision: deny, because: none is named }
- case: an unsigned incident takes a commander
  requester: { id: ana, groups: [payments-oncall] }
  incident: { severity: 2, services: [checkout] }
  target: orders-db
  for: 45m
  expect: { decision: ask, approval: people, time: 45m }
- case: exactly one commander
  requester: { id: ana, groups: [payments-oncall] }
  incident: { severity: 2, services: [checkout] }
  target: orders-db
  expect: { decision: ask, approval: 1 }
`)
    expect(problems).toEqual([])
    expect(results.map(({ case: name, passed, line }) => [line, passed, name])).toEqual([
      [1, true, 'on-call engineer during a signed P1 gets in without waiting'],
      [6, true, 'without an incident nobody gets in'],
      [10, true, 'an unsigned incident takes a commander'],
      [16, true, 'exactly one commander'],
    ])
  })

  it('fail with the place of the case and everything that differs', () => {
    const { results } = run(`# the line of a case is where it begins
- case: all wrong
  ${ON_CALL}
  expect: { decision: ask, approval: 2, time: 1h, procedure: other, scope: owner, because: weather }
- case: denied, but a grant was expected
  requester: { id: eve }
  target: orders-db
  expect: { decision: grant, approval: people, time: 30m }
`)
    expect(results).toMatchObject([
      {
        file: 'orders-db.test.yaml',
        line: 2,
        column: 3,
        passed: false,
        wrong: [
          'decision is grant, expected ask: automatic_when holds',
          'approval is none, expected 2',
          'time is 30m, expected 1h',
          'procedure is orders-db-emergency, expected other',
          'scope is repair, expected owner',
          'the reason is "automatic_when holds", expected it to contain "weather"',
        ],
      },
      {
        line: 7,
        passed: false,
        wrong: [
          'decision is deny, expected grant: orders-db-emergency: the requester is not named and not in payments-oncall',
          'approval is not asked for, expected people',
          'time is none, expected 30m',
        ],
        steps: [{ rule: 'who', ok: false }],
      },
    ])
  })

  it('can choose a procedure, expect that a choice is needed, and stand at a moment', () => {
    const night = procedureText({ procedure: 'night', when: "'now.getHours() < 6'" })
    const { results } = run(
      `- { case: both, requester: { id: ana }, target: orders-db, at: 2026-03-01T03:00:00Z, expect: { decision: choose, because: night } }
- { case: one, requester: { id: ana }, target: orders-db, at: 2026-03-01T03:00:00Z, procedure: night, expect: { decision: ask, procedure: night } }
- { case: by day, requester: { id: ana }, target: orders-db, expect: { decision: ask, procedure: least } }
`,
      loaded(procedureText(), night),
    )
    expect(results.map(({ wrong }) => wrong)).toEqual([[], [], []])
  })

  it.each([
    [
      '- case: x\n  requester: { id: ana }\n  target: ordrs-db\n  expect: { decision: deny }\n',
      '3:11: unknown target "ordrs-db"',
    ],
    [
      '- case: x\n  requester: { id: ana }\n  target: orders-db\n  expect: { decision: maybe }\n',
      '4:23: 0.expect.decision is not one of grant, ask, deny, choose',
    ],
    [
      '- case: x\n  requester: { id: ana }\n  target: orders-db\n  expects: { decision: deny }\n',
      '4:3: unknown field "expects" in 0',
    ],
    [
      '- case: x\n  requester: { id: ana }\n  target: orders-db\n  at: noon\n  expect: { decision: deny }\n',
      '4:7: 0.at must be a time in UTC, such as 2026-01-15T12:00:00Z',
    ],
    ['- case: [', '1:10: not YAML'],
    ['case: x', '1:1: the file must be a list'],
  ])('that cannot be read are problems with a place: %#', (text, expected) => {
    const { problems } = run(text)
    expect(problems.map(({ line, column, message }) => `${line}:${column}: ${message}`).join('\n')).toContain(
      expected,
    )
  })
})

describe('docs/PROCEDURES.md', () => {
  const text = readFileSync(new URL('../../docs/PROCEDURES.md', import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  const first = (word: string): string => blocks.find(block => block.startsWith(word)) ?? ''
  const [procedure, cases] = [first('procedure:'), first('- case:')]

  it('shows a procedure that loads and a test that passes', () => {
    expect(run(cases, loaded(procedure)).results).toMatchObject([{ passed: true }])
  })

  it('shows the fault that is printed', () => {
    const path = 'procedures/orders-db.yaml'
    const result = loadProcedures([{ path, text: procedure.replace('"open"', '"opne"') }], known)
    if (result.ok) throw new Error('it was accepted')
    expect(text).toContain(result.problems.map(problemText).join('\n'))
  })
})
