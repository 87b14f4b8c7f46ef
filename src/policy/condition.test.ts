import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Incident } from '../kernel/incident.ts'
import { compileCondition, type Condition } from './condition.ts'
import { environment } from './environment.ts'
import { facts, incident } from './example.suite.ts'
import type { Variables } from './expression.ts'

const variables: Variables = {
  requester: facts.requester,
  target: facts.target,
  incident,
  request: { duration: 1_800_000 },
  now: facts.now,
}

function compiled(text: string): Condition {
  const result = compileCondition(text)
  if (!result.ok) throw new Error(`${text}: ${JSON.stringify(result.problems)}`)
  return result.condition
}

const verdict = (text: string, seen = variables) => compiled(text).evaluate(seen)

describe('a condition', () => {
  it.each([
    ['incident.status == "open"', true],
    ['incident.severity <= 2 && incident.severity >= 1', true],
    ['incident.services.exists(s, s in target.services)', true],
    ['incident.services.all(s, s == "orders")', true],
    ['incident.responders.exists_one(r, r.person == requester.id)', true],
    ['incident.responders.filter(r, r.state == "declined").size() == 0', true],
    ['incident.services.map(s, s + "-db") == ["orders-db"]', true],
    ['"payments-oncall" in requester.groups', true],
    ['now - incident.opened_at < duration("10m")', true],
    ['now - incident.opened_at < duration("1m")', false],
    ['incident.opened_at > timestamp("2026-01-15T02:00:00Z")', true],
    ['now.getHours() == 3 && now.getDayOfWeek() == 4 && now.getMonth() == 0', true],
    ['request.duration <= duration("30m")', true],
    ['target.name.re2("^orders-(db|cache)$")', true],
    ['target.name.startsWith("orders") && !target.name.endsWith("cache")', true],
    ['size("a😀") == 2', true],
    ['has(incident.url)', false],
    ['(incident.severity == 1 ? "page" : "wait") == "page"', true],
    ['incident.severity * 10 + 7 % 4 - 6 / 4 == 12', true],
    ['-incident.severity < 0', true],
    ['incident.services[0] == "orders"', true],
    ['incident.drill', false],
  ])('%s is %s', (text, holds) => {
    expect(verdict(text)).toEqual({ holds })
  })

  it.each([
    ['incident.url == "https://x"', 'there is no url'],
    ['incident.services[7] == "orders"', 'an index is outside its list'],
    ['incident.severity / (incident.severity - 1) == 1', 'division by zero'],
    ['9007199254740991 + incident.severity > 0', 'a number is too large'],
    ['9007199254740991 * -9007199254740991 > 0', 'a number is too large'],
  ])('counts as no when it has no value: %s', (text, error) => {
    expect(verdict(text)).toEqual({ holds: false, error })
  })

  it('counts as no without an incident, unless the rest decides', () => {
    const { incident: _, ...alone } = variables
    const seen = { ...alone, incident: undefined }
    expect(verdict('incident.severity <= 2', seen)).toEqual({ holds: false, error: 'there is no incident' })
    expect(verdict('!(incident.severity <= 2)', seen)).toEqual({
      holds: false,
      error: 'there is no incident',
    })
    expect(verdict('has(incident.url) || incident.drill', seen).holds).toBe(false)
    expect(verdict('incident.severity <= 2 || requester.id == "ana"', seen)).toEqual({ holds: true })
  })

  it('stops a condition that would take too many steps', () => {
    const groups = Array.from({ length: 1000 }, (_, i) => `g${i}`)
    const seen = { ...variables, requester: { id: 'ana', groups } }
    expect(verdict('requester.groups.all(a, requester.groups.exists(b, a == b))', seen)).toEqual({
      holds: false,
      error: 'it takes too many steps',
    })
  })
})

describe('refused at load', () => {
  it.each([
    ['incident.status ==', 18, /Unexpected token/],
    ['incident.statuss == "open"', 9, /No such key: statuss/],
    ['incidnt.status == "open"', 0, /Unknown variable: incidnt/],
    ['incident.severity == "1"', 0, /no such overload/],
    ['incident.severity', 0, /type int/],
    ['true && incident.status', 0, /Logical operator requires bool/],
    ['incident.severity < 2.5', 20, /whole numbers/],
    ['incident.severity == 9223372036854775807', 21, /whole numbers/],
    ['size({"a": 1}) == 1', 5, /map literals/],
    ['dyn(incident.severity) == "1"', 0, /dyn\(\) is not allowed/],
    ['cel.bind(x, 1, x == 1)', 4, /bind\(\) is not allowed/],
    ['incident.services.join(",") == "a"', 18, /join\(\) is not allowed/],
    ['now.getHours("Europe/Berlin") > 8', 4, /time zone/],
    ['(now - incident.opened_at).getHours() > 8', 27, /for times/],
    ['duration(target.name) > request.duration', 9, /takes a literal/],
    ['request.duration < duration("1y")', 28, /not a duration/],
    ['now < timestamp("tomorrow at nine o clock")', 16, /not a timestamp/],
    ['target.name.re2(incident.id)', 16, /literal pattern/],
    ['target.name.re2("(?=x)")', 16, /not an RE2 pattern/],
    ['target.name.re2("(")', 16, /not an RE2 pattern/],
    [
      'requester.groups.exists(a, requester.groups.exists(b, requester.groups.exists(c, a == b)))',
      71,
      /nest deeper/,
    ],
  ])('%s', (text, at, message) => {
    const result = compileCondition(text)
    if (result.ok) throw new Error('it was accepted')
    expect(result.problems[0]).toMatchObject({ at, message: expect.stringMatching(message) as string })
    expect(result.problems[0]?.next).not.toBe('')
  })

  it('requirement 20: a pattern that backtracks never runs; the way out is named', () => {
    const result = compileCondition('requester.id.matches("^(a+)+$")')
    expect(result).toMatchObject({
      ok: false,
      problems: [
        {
          at: 13,
          message: 'matches() is not allowed in conditions',
          next: expect.stringContaining('re2') as string,
        },
      ],
    })
    // The same pattern over a text that takes a backtracking engine 2^100 steps.
    const seen = { ...variables, requester: { id: `${'a'.repeat(100)}!`, groups: [] } }
    expect(verdict('requester.id.re2("^(a+)+$")', seen)).toEqual({ holds: false })
  })
})

describe('against the library', () => {
  // The library evaluates with BigInt and Date; it is slower and allows more, but on what we allow it must agree.
  function oracle(text: string, seen: Variables): boolean | 'error' {
    const at = (ms: number): Date => new Date(ms)
    const { requester, target, now } = seen
    try {
      return (
        environment.parse(text)({
          requester: { id: requester.id, groups: [...requester.groups] },
          target: { ...target },
          now: at(now),
          ...(seen.incident === undefined ? {} : { incident: incidentForLibrary(seen.incident) }),
        }) === true
      )
    } catch {
      return 'error'
    }
  }

  function incidentForLibrary(of: Incident): object {
    return {
      ...of,
      severity: BigInt(of.severity),
      opened_at: new Date(of.opened_at),
      updated_at: new Date(of.updated_at),
      seen_at: new Date(of.seen_at),
    }
  }

  const words = fc.constantFrom('orders', 'checkout', 'ana', 'open', '')
  const quoted = words.map(word => JSON.stringify(word))
  const { bool } = fc.letrec<{ text: string; int: string; bool: string; list: string }>(tie => ({
    text: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(
        'incident.status',
        'incident.url',
        'requester.id',
        'target.name',
        'incident.declared_by',
      ),
      quoted,
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
      fc.tuple(tie('list'), tie('int')).map(([a, b]) => `${a}[${b}]`),
      fc.tuple(tie('bool'), tie('text'), tie('text')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    ),
    int: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('incident.severity', '0', '1', '3'),
      tie('list').map(a => `size(${a})`),
      tie('text').map(a => `size(${a})`),
      fc
        .tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%'), tie('int'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
    ),
    list: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('incident.services', 'requester.groups', 'target.services'),
      fc.array(quoted, { minLength: 1, maxLength: 3 }).map(items => `[${items.join(', ')}]`),
      fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} + ${b})`),
      fc.tuple(tie('list'), words).map(([a, b]) => `${a}.filter(f, f != ${JSON.stringify(b)})`),
      tie('list').map(a => `${a}.map(m, m + "x")`),
    ),
    bool: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(
        'true',
        'false',
        'has(incident.url)',
        'now - incident.opened_at < duration("5m")',
        'now.getHours() < 4',
      ),
      fc
        .tuple(tie('int'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('int'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc
        .tuple(tie('text'), fc.constantFrom('==', '!=', '<'), tie('text'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} == ${b})`),
      fc.tuple(tie('text'), tie('list')).map(([a, b]) => `(${a} in ${b})`),
      fc
        .tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('bool').map(a => `!(${a})`),
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `${a}.contains(${b})`),
      fc
        .tuple(tie('list'), fc.constantFrom('exists', 'all', 'exists_one'), tie('text'))
        .map(([a, loop, b]) => `${a}.${loop}(v, v == ${b})`),
      fc
        .tuple(fc.constantFrom('exists', 'all', 'exists_one'), tie('list'))
        .map(([loop, a]) => `incident.responders.${loop}(r, r.person in ${a} && r.state != "declined")`),
    ),
  }))

  const incidents = fc.record({
    severity: fc.integer({ min: 1, max: 5 }),
    services: fc.array(words, { maxLength: 3 }),
    status: fc.constantFrom('open', 'mitigated', 'resolved'),
    declared_by: words,
    opened_at: fc.constantFrom(facts.now, facts.now - 300_000, facts.now - 299_999),
    responders: fc.array(
      fc.record({
        person: words,
        role: fc.constant('r'),
        state: fc.constantFrom('accepted', 'declined', 'assigned'),
      }),
      { maxLength: 3 },
    ),
  })

  it('agrees on true, on false and on having no value', () => {
    let [yes, no, none] = [0, 0, 0]
    fc.assert(
      fc.property(bool, fc.option(incidents, { nil: undefined }), (source, given) => {
        const result = compileCondition(source)
        if (!result.ok) {
          // Loops may nest deeper than we allow; nothing else in this grammar is refused.
          expect(result.problems.every(({ message }) => message.includes('nest deeper'))).toBe(true)
          return
        }
        const seen: Variables = {
          ...variables,
          incident: given === undefined ? undefined : { ...incident, ...given },
        }
        const ours = result.condition.evaluate(seen)
        const theirs = oracle(source, seen)
        expect(ours.error === undefined ? ours.holds : 'error').toBe(theirs)
        if (theirs === 'error') none++
        else if (theirs) yes++
        else no++
      }),
      { numRuns: 1000 },
    )
    // A generator that only ever met one outcome would prove nothing.
    expect(Math.min(yes, no, none)).toBeGreaterThan(40)
  })
})
