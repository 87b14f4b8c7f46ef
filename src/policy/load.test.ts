import { describe, expect, it } from 'vitest'
import { EXAMPLE, known, procedureText } from './example.suite.ts'
import { emptySet, loadAccepted, loadProcedures } from './load.ts'
import { problemText } from './problem.ts'

const load = (...texts: readonly string[]) =>
  loadProcedures(
    texts.map((text, i) => ({ path: `${i}.yaml`, text })),
    known,
  )

describe('a file that loads', () => {
  it('carries what it says, by value', () => {
    const result = load(EXAMPLE)
    if (!result.ok) throw new Error(result.problems.map(problemText).join('\n'))
    const loaded = result.set.procedures.get('orders-db-emergency')
    expect(loaded?.terms).toEqual({
      procedure: 'orders-db-emergency',
      digest: result.set.digest,
      verify: { factor: 'passkey', withinMs: 120_000 },
      scope: {
        use: 'repair',
        refuse: ['copy_program', 'ddl', 'write_without_where'],
        writesPerStatement: 10_000,
        mask: [{ column: '*.email', keep: 'domain' }],
      },
      time: {
        defaultMs: 1_800_000,
        mostMs: 3_600_000,
        idleMs: 600_000,
        extend: { times: 1, byMs: 1_800_000 },
      },
      evidence: 'before',
      record: { bindValues: false, resultBytes: 65_536 },
      anyAddress: false,
      alert: {
        to: ['pager', 'security'],
        on: ['activated', 'denied', 'ended', 'finding', 'requested'],
        beforeOpen: true,
        unalerted: 'open',
        waitMs: 10_000,
      },
      review: {
        from: { people: [], groups: ['security'] },
        withinMs: 172_800_000,
        overdue: 'refuse_new_requests',
      },
      limits: { sessions: 20, grantsPerPerson: 2 },
    })
    expect(loaded?.values.ask).toEqual({
      from: { people: [], groups: ['incident-commanders'] },
      count: 1,
      withinMs: 600_000,
      nobody: { afterMs: 600_000, factor: 'passkey', mostMs: 900_000, alert: ['page_everybody'] },
    })
  })

  it('says of a host what the scope allows there, sorted, and nothing where nothing is said', () => {
    const terms = (scope: string) => {
      const result = load(procedureText({ targets: '[web-1]', scope }))
      if (!result.ok) throw new Error(result.problems.map(problemText).join('\n'))
      return result.set.procedures.get('least')?.terms.scope
    }
    expect(
      terms(
        '{ use: operate, refuse: [power], commands: ["systemctl  restart *", "df -h"], never: [reboot], forward: ["[::1]:443", "*:5432", "unix:/run/x.sock"], allow: [x11_forwarding, agent_forwarding], force_command: " /usr/bin/ops " }',
      ),
    ).toEqual({
      use: 'operate',
      refuse: ['power'],
      forceCommand: '/usr/bin/ops',
      host: {
        commands: ['df -h', 'systemctl restart *'],
        never: ['reboot'],
        forward: ['*:5432', '[::1]:443', 'unix:/run/x.sock'],
        allow: ['agent_forwarding', 'x11_forwarding'],
      },
      mask: [],
    })
    expect(terms('{ use: operate, commands: [] }')).toMatchObject({
      host: { commands: [], never: [], forward: [], allow: [] },
    })
    expect(terms('{ use: operate, never: [] }')).toEqual({ use: 'operate', refuse: [], mask: [] })
  })

  it('survives JSON without loss, as events carry it', () => {
    const result = load(EXAMPLE)
    if (!result.ok) throw new Error('it was refused')
    const { terms, values } = [...result.set.procedures.values()][0]!
    expect(JSON.parse(JSON.stringify({ terms, values }))).toEqual({ terms, values })
  })

  it('is passed over when it holds tests', () => {
    expect(loadProcedures([{ path: 'a.test.yaml', text: '][' }], known)).toMatchObject({
      ok: true,
      set: { digest: emptySet().digest },
    })
  })
})

describe('the digest of a set', () => {
  const digest = (...texts: readonly string[]): string => {
    const result = load(...texts)
    if (!result.ok) throw new Error(result.problems.map(problemText).join('\n'))
    return result.set.digest
  }
  const other = procedureText({ procedure: 'other' })

  it('does not depend on the order of files, on comments or on how a thing is written', () => {
    const same = EXAMPLE.replace(
      'refuse: [ddl, write_without_where, copy_program]',
      'refuse: [copy_program, ddl, write_without_where, ddl]',
    )
      .replace('default: 30m', 'default: 1800s')
      .replace('evidence: before\n', '# before is the default\n')
    expect(digest(EXAMPLE, other)).toBe(digest(other, same))
  })

  it('changes with anything a procedure says', () => {
    const changes = [
      ['status == "open"', 'status != "open"'],
      ['count: 1', 'count: 2'],
      ['most: 1h', 'most: 2h'],
      ['[security, pager]', '[page_everybody]'],
      ['keep: domain', 'keep: nothing'],
      ['unalerted: open', 'unalerted: refuse'],
      ['Restore', 'Repair'],
    ] as const
    const digests = changes.map(([from, to]) => digest(EXAMPLE.replace(from, to)))
    expect(new Set([digest(EXAMPLE), ...digests]).size).toBe(changes.length + 1)
  })

  it('is the one on record', () => {
    // Owners accept this number: a change of it without a change of `format` would un-accept every set in the world.
    expect(digest(EXAMPLE)).toBe('3fb8ec9b02aba61dca2a807c6adeca5687ea45354663d227de06152c96d60bbb')
  })
})

it('refuses a mask that no gateway would keep', () => {
  const { masks: _, ...without } = known
  expect(loadProcedures([{ path: 'a.yaml', text: EXAMPLE }], without)).toMatchObject({
    problems: [{ line: 14, message: 'columns of postgres are not masked by this gateway' }],
  })
})

describe('an accepted set under a configuration that has changed', () => {
  const files = [
    { path: 'a.yaml', text: EXAMPLE },
    { path: 'b.yaml', text: procedureText({ procedure: 'canary', targets: '[canary]' }) },
  ]
  const { canary: _, ...targets } = known.targets

  it('keeps its digest and leaves out what the configuration no longer supports', () => {
    const whole = loadProcedures(files, known)
    const less = loadAccepted(files, { ...known, targets })
    if (!whole.ok || !less.ok) throw new Error('it was refused')
    expect(less.set.digest).toBe(whole.set.digest)
    expect([...less.set.procedures.keys()]).toEqual(['orders-db-emergency'])
    expect(less.problems).toMatchObject([{ file: 'b.yaml', line: 3, message: 'unknown target "canary"' }])
  })

  it('fails when a file does not parse, as its digest cannot be known', () => {
    expect(loadAccepted([...files, { path: 'c.yaml', text: '][' }], known).ok).toBe(false)
  })
})
