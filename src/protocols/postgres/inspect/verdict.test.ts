import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Facts, Finding } from './facts.ts'
import { DEFAULT_REFUSE, REFUSE_RULES, RULE_NAMES } from './refuse-rules.ts'
import { judge, judgeable, unread } from './verdict.ts'

const facts = (...findings: Finding[]): Facts => ({
  verbs: ['select'],
  writes: false,
  autocommitWrite: false,
  transactionControl: false,
  statements: [],
  executes: [],
  deallocates: [],
  findings,
})
const rulesOf = (subject: Facts, refuse: readonly string[]) =>
  judge(judgeable(subject), refuse).objections.map(objection => objection.rule)

describe('the verdict', () => {
  it('requirement 13: every absolute rule objects under an empty list, every optional one only when it is named', () => {
    for (const rule of RULE_NAMES) {
      const found = facts({ rule, what: 'x', at: 0 })
      expect(rulesOf(found, [])).toEqual(REFUSE_RULES[rule].absolute ? [rule] : [])
      expect(rulesOf(found, [rule])).toEqual([rule])
    }
  })

  it('gives the same object when nothing is objected to', () => {
    const subject = judgeable(facts({ rule: 'ddl', what: 'drop table', at: 7 }))
    expect(judge(subject, ['writes'])).toBe(judge(subject, []))
    expect(judge(subject, ['ddl']).objections).toEqual([
      { rule: 'ddl', what: 'drop table', next: REFUSE_RULES.ddl.next, at: 8 },
    ])
  })

  it('fails closed when a procedure refuses what this version does not know', () => {
    expect(rulesOf(facts(), ['ddl', 'time_travel'])).toEqual(['time_travel'])
    expect(rulesOf(facts({ rule: 'ddl', what: 'x', at: 0 }), ['time_travel'])).toEqual(['ddl', 'time_travel'])
  })

  it('judges the statement of a PREPARE under the same rules', () => {
    const inner = facts({ rule: 'ddl', what: 'select into', at: 0 })
    const judged = judge(judgeable({ ...facts(...inner.findings), prepares: { name: 'p', inner } }), ['ddl'])
    expect(judged.prepares?.inner.objections.map(objection => objection.rule)).toEqual(['ddl'])
  })

  it('assumes everything of what could not be read', () => {
    expect(unread('unparsable', 'x')).toMatchObject({
      ok: false,
      writes: true,
      objections: [{ rule: 'unparsable' }],
    })
  })

  it('has a way out for every rule, in one sentence', () => {
    for (const rule of RULE_NAMES) expect(REFUSE_RULES[rule].next).toMatch(/^[A-Z].*\.$/)
    for (const rule of DEFAULT_REFUSE) expect(REFUSE_RULES[rule].absolute).toBe(false)
  })
})

describe('GUARDRAILS.md', () => {
  it('lists every rule as what it is', () => {
    const rows = readFileSync(new URL('../GUARDRAILS.md', import.meta.url), 'utf8').matchAll(
      /^\| `(\w+)` ?(●?) \| (absolute|optional) /gm,
    )
    const listed = [...rows].map(([, name, recommended, kind]) => `${name} ${recommended} ${kind}`)
    const defaults: readonly string[] = DEFAULT_REFUSE
    expect(listed.sort()).toEqual(
      RULE_NAMES.map(
        name =>
          `${name} ${defaults.includes(name) ? '●' : ''} ${REFUSE_RULES[name].absolute ? 'absolute' : 'optional'}`,
      ).sort(),
    )
  })
})
