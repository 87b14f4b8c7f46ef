import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EXAMPLE, known, procedureText } from './example.suite.ts'
import { loadProcedures } from './load.ts'

const load = (...texts: readonly string[]) =>
  loadProcedures(
    texts.map((text, i) => ({ path: `${i}.yaml`, text })),
    known,
  )

/** `line:column: message` of everything wrong with one file. */
function wrong(text: string): readonly string[] {
  const result = load(text)
  if (result.ok) throw new Error('it was accepted')
  return result.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)
}

describe('what is wrong is said with line and column', () => {
  it.each([
    [
      'YAML syntax',
      'procedure: a\n  purpose: b\n',
      '1:12: not YAML: Nested mappings are not allowed in compact mappings',
    ],
    ['a key twice', 'procedure: a\npurpose: b\nprocedure: c\n', '3:1: not YAML: Map keys must be unique'],
    [
      'two documents',
      `${procedureText()}---\n${procedureText()}`,
      '10:1: the file holds more than one document',
    ],
    ['an alias', procedureText({ who: '&w { people: [ana] }' }), '4:9: anchors are not used in procedures'],
    ['a tag', procedureText({ who: '!w { people: [ana] }' }), '4:6: not YAML: Unresolved tag: !w'],
    ['an empty file', '', '1:1: the file must hold fields'],
    ['a list', '- a\n', '1:1: the file must hold fields'],
    ['an unknown field', procedureText({ apprval: '{}' }), '10:1: unknown field "apprval"'],
    [
      'an unknown field deep down',
      procedureText({ scope: '{ use: repair, refuses: [ddl] }' }),
      '7:23: unknown field "refuses" in scope',
    ],
    ['a missing field', procedureText({ when: '' }), '1:1: when is missing'],
    ['a missing field deep down', procedureText({ scope: '{ refuse: [ddl] }' }), '7:8: scope.use is missing'],
    ['the wrong type', procedureText({ targets: 'orders-db' }), '3:10: targets must be a list'],
    [
      'a word out of a list',
      procedureText({ evidence: 'afterwards' }),
      '10:11: evidence is not one of before, with',
    ],
    [
      'a duration without unit',
      procedureText({ time: '{ default: 30 }' }),
      '10:18: time.default must be a duration: a number and one of ms, s, m, h, d, such as 30m',
    ],
    [
      'a duration in words',
      procedureText({ time: '{ default: "half an hour" }' }),
      '10:18: time.default must be a duration: a number and one of ms, s, m, h, d, such as 30m',
    ],
    [
      'no time at all',
      procedureText({ time: '{ default: 0m }' }),
      '10:18: time.default must be longer than nothing',
    ],
    [
      'an endless duration',
      procedureText({ review: '{ from: { groups: [security] }, within: 31d }' }),
      '9:49: review.within must be at most 30d',
    ],
    [
      'default above most',
      procedureText({ time: '{ default: 2h, most: 1h }' }),
      '10:18: time.default is longer than time.most',
    ],
    ['more than a day', procedureText({ time: '{ most: 25h }' }), '10:15: time.most is longer than 24h'],
    [
      'a size out of range',
      procedureText({ record: '{ results: 65MiB }' }),
      '10:20: record.results must be at most 64MiB',
    ],
    [
      'a reviewer that is nobody',
      procedureText({ review: '{ from: {} }' }),
      '9:17: review.from names nobody',
    ],
    [
      'more approvals than people',
      procedureText({ approval: '{ otherwise: { from: { people: [ben, ben] }, count: 2 } }' }),
      '6:63: 2 approvals are asked for, but only 1 named',
    ],
    [
      'alone for longer than together',
      procedureText({ approval: '{ nobody: { after: 5m, most: 2h, alert: pager } }' }),
      '6:40: approval.nobody.most is longer than time.most',
    ],
    [
      'alone after the request lapsed',
      procedureText({
        approval:
          '{ otherwise: { from: { people: [ben] }, within: 5m }, nobody: { after: 6m, most: 5m, alert: pager } }',
      }),
      '6:82: approval.nobody.after comes later than the request lapses',
    ],
    [
      'an unknown target',
      procedureText({ targets: '[orders-db, ordrs-db]' }),
      '3:22: unknown target "ordrs-db"',
    ],
    [
      'a scope the target lacks',
      procedureText({ scope: '{ use: repare }' }),
      '7:15: target "orders-db" has no scope "repare"',
    ],
    [
      'a rule the protocol lacks',
      procedureText({ scope: '{ use: repair, refuse: [ddl, dll] }' }),
      '7:37: unknown rule for postgres "dll"',
    ],
    [
      'a rule another protocol has',
      procedureText({ targets: '[web-1]', scope: '{ use: operate, refuse: [shell, ddl] }' }),
      '7:40: unknown rule for ssh "ddl"',
    ],
    [
      'commands for a database',
      procedureText({ scope: '{ use: repair, commands: [] }' }),
      '7:33: commands is for hosts; target "orders-db" speaks postgres',
    ],
    [
      'commands that are never run in a database',
      procedureText({ scope: '{ use: repair, never: [reboot] }' }),
      '7:30: never is for hosts; target "orders-db" speaks postgres',
    ],
    [
      'forwards through a database',
      procedureText({ scope: '{ use: repair, forward: ["*:*"] }' }),
      '7:32: forward is for hosts; target "orders-db" speaks postgres',
    ],
    [
      'an agent for a database',
      procedureText({ scope: '{ use: repair, allow: [agent_forwarding] }' }),
      '7:30: allow is for hosts; target "orders-db" speaks postgres',
    ],
    [
      'a forced command in a database',
      procedureText({ scope: '{ use: repair, force_command: uptime }' }),
      '7:38: force_command is for hosts; target "orders-db" speaks postgres',
    ],
    [
      'a mask on a host',
      procedureText({ targets: '[web-1]', scope: '{ use: operate, mask: [{ column: "*.a" }] }' }),
      '7:30: columns of ssh are not masked by this gateway',
    ],
    [
      'a rehearsal on a host',
      procedureText({ targets: '[web-1]', scope: '{ use: operate, rehearse: true }' }),
      '7:34: writes to ssh cannot be rehearsed by this gateway',
    ],
    [
      'counted rows on a host',
      procedureText({ targets: '[web-1]', scope: '{ use: operate, writes_per_statement: 5 }' }),
      '7:46: ssh has no statements whose rows could be counted',
    ],
    [
      'a pattern that is shell',
      procedureText({ targets: '[web-1]', scope: "{ use: operate, never: [uptime, 'a; b'] }" }),
      '7:40: scope.never.1 must be a command pattern: words and "*", such as systemctl restart *, without quotes and other signs of the shell',
    ],
    [
      'a forward without port',
      procedureText({ targets: '[web-1]', scope: '{ use: operate, forward: [db1] }' }),
      '7:34: scope.forward.0 must be a destination: host:port, where either may be "*", [address]:port for IPv6, or unix:/path, such as db1.internal:5432',
    ],
    [
      'a forward to a port there is not',
      procedureText({ targets: '[web-1]', scope: '{ use: operate, forward: ["db1:65536"] }' }),
      '7:34: scope.forward.0 must have a port of at most 65535',
    ],
    [
      'something to allow that is not off',
      procedureText({ targets: '[web-1]', scope: '{ use: operate, allow: [shell] }' }),
      '7:32: scope.allow.0 is not one of agent_forwarding, x11_forwarding, remote_forwarding',
    ],
    [
      'a forced command of two lines',
      procedureText({ targets: '[web-1]', scope: '{ use: operate, force_command: "a\\nb" }' }),
      '7:39: scope.force_command must be one command on one line',
    ],
    [
      'an unknown destination',
      procedureText({ alert: '{ to: [security, pagr] }' }),
      '8:25: unknown alert destination "pagr"',
    ],
    [
      'one channel only',
      procedureText({ alert: '{ to: [security] }' }),
      '8:14: alert.to reaches one channel, two independent ones are needed',
    ],
    [
      'an unknown loudest alert',
      procedureText({ approval: '{ nobody: { after: 5m, most: 5m, alert: everybody } }' }),
      '6:51: unknown alert destination "everybody"',
    ],
    [
      'an unknown group',
      procedureText({ who: '{ groups: [payments-oncal] }' }),
      '4:17: unknown group "payments-oncal"',
    ],
    [
      'a condition that does not parse',
      procedureText({ when: 'incident.severity <' }),
      '5:26: when: Unexpected token: EOF',
    ],
    [
      'a condition of the wrong type',
      procedureText({ when: "'incident.status == 1'" }),
      '5:8: when: no such overload: string == int',
    ],
    [
      'a value that cannot occur',
      procedureText({ when: '\'incident.status == "opne"\'' }),
      '5:27: when: incident.status is never "opne"',
    ],
    [
      'a source that is not configured',
      procedureText({ when: '\'"page" == incident.source\'' }),
      '5:8: when: incident.source is never "page"',
    ],
    [
      'a state that cannot occur',
      procedureText({ when: '\'incident.responders.exists(r, r.state in ["accepted", "declind"])\'' }),
      '5:62: when: state is never "declind"',
    ],
    [
      'a group in a condition',
      procedureText({ when: '\'"payments" in requester.groups\'' }),
      '5:8: when: requester.groups is never "payments"',
    ],
  ])('%s', (_name, text, expected) => {
    expect(wrong(text)).toContain(expected)
  })

  it('finds the place inside a folded block', () => {
    const text =
      procedureText({ when: '' }) +
      'when: >\n  incident.status == "open" &&\n\n    incident.severity <= "2" &&\n  true\n'
    expect(wrong(text)).toEqual(['12:5: when: no such overload: int <= string'])
    const automatic =
      procedureText({ approval: '' }) +
      'approval:\n  automatic_when: |\n    true &&\n    requester.nme == "x"\n'
    expect(wrong(automatic)).toEqual(['12:15: approval.automatic_when: No such key: nme'])
  })

  it('says what to do next, with the name that was meant', () => {
    const result = load(procedureText({ targets: '[ordrs-db]', apprval: '' }))
    expect(result).toMatchObject({ problems: [{ next: 'Did you mean "orders-db"?' }] })
    const field = load(procedureText({ apprval: '{}' }))
    expect(field).toMatchObject({ problems: [{ next: 'Did you mean "approval"?' }] })
  })

  it('refuses the whole set for one bad file, and lists everything in order', () => {
    const result = load(
      procedureText(),
      procedureText(),
      procedureText({ procedure: 'third', targets: '[gone]', scope: '{ use: gone }' }),
    )
    expect(result).toMatchObject({
      ok: false,
      problems: [
        { file: '1.yaml', line: 1, column: 12, message: 'procedure "least" is already defined in 0.yaml' },
        { file: '2.yaml', line: 3, column: 11, message: 'unknown target "gone"' },
      ],
    })
  })

  it.each([
    ['brackets', '['.repeat(20_000)],
    ['braces', 'a: {'.repeat(10_000)],
    ['dashes', '- '.repeat(20_000)],
    ['questions', '? '.repeat(20_000)],
    ['indentation', Array.from({ length: 100 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('refuses %s that nest until the stack ends', (_name, text) => {
    expect(wrong(text)).toEqual([expect.stringMatching(/^\d+:\d+: the file nests deeper than 40 levels$/)])
  })

  it('refuses what is too large, and keys that mean something to JavaScript', () => {
    expect(wrong(`a: ${'x'.repeat(70_000)}`)).toEqual(['1:1: the file is larger than 64 KiB'])
    expect(wrong('__proto__: { procedure: x }\n')).toContain('1:1: unknown field "__proto__"')
  })

  it('never throws, whatever the text', () => {
    const lines = EXAMPLE.split('\n')
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.nat(120), fc.string({ maxLength: 6 }), (line, column, put) => {
        const changed = [...lines]
        const old = changed[line] ?? ''
        changed[line] = old.slice(0, column) + put + old.slice(column + put.length)
        const result = load(changed.join('\n'))
        if (result.ok) return
        for (const problem of result.problems) {
          expect(problem.line).toBeGreaterThan(0)
          expect(problem.column).toBeGreaterThan(0)
          expect(problem.line).toBeLessThanOrEqual(changed.length + 5)
          expect(problem.message + problem.next).not.toContain('undefined')
        }
      }),
      { numRuns: 200 },
    )
  })
})
