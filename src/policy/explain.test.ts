import { describe, expect, it } from 'vitest'
import { EXAMPLE, facts, incident, loaded, procedureText } from './example.suite.ts'
import { explain, explanationText } from './explain.ts'

describe('explain', () => {
  const set = loaded(EXAMPLE, procedureText({ who: '{ people: [ben] }', when: "'incident.severity == 4'" }))

  it('shows every rule of every procedure, also behind the first that does not hold', () => {
    expect(explanationText(explain(set, facts))).toEqual([
      'least (procedures/1.yaml): does not apply',
      '  no   who       the requester is not named',
      '  yes  drill     not a drill identity',
      '  yes  duration  the default of 30m',
      '  no   when      its condition does not hold: incident.severity == 4',
      '  yes  approval  nothing is approved automatically: 1 of ben must approve',
      'orders-db-emergency (procedures/0.yaml): applies',
      '  yes  who       the requester is in payments-oncall',
      '  yes  drill     not a drill identity',
      '  yes  duration  the default of 30m',
      '  yes  when      its condition holds',
      '  yes  approval  automatic_when holds',
    ])
  })

  it('says of a host what the scope does there', () => {
    const host = loaded(
      procedureText({
        targets: '[web-1]',
        scope:
          '{ use: operate, commands: [uptime, "df *"], never: [reboot], forward: ["*:443"], allow: [agent_forwarding] }',
      }),
      procedureText({
        procedure: 'one',
        targets: '[web-1]',
        scope: '{ use: operate, force_command: uptime }',
      }),
    )
    const target = { name: 'web-1', protocol: 'ssh', environment: 'production', services: ['checkout'] }
    expect(
      explanationText(explain(host, { ...facts, target })).filter(line => line.includes('host')),
    ).toEqual([
      '  yes  host      commands: df *, uptime, and no shell; never: reboot; forwards to *:443; allows agent_forwarding',
      '  yes  host      runs nothing but uptime',
    ])
  })

  it('names the error of a condition', () => {
    const [, example] = explain(set, { ...facts, incident: undefined })
    expect(example?.steps.find(({ rule }) => rule === 'when')).toMatchObject({
      ok: false,
      why: 'its condition cannot be evaluated and counts as no: it reads the incident and none is named',
    })
  })

  it('is empty for a target that nothing opens, and narrow for a chosen procedure', () => {
    expect(explain(set, { ...facts, target: { ...facts.target, name: 'canary' } })).toEqual([])
    expect(explain(set, { ...facts, incident }, 'least').map(({ procedure }) => procedure)).toEqual(['least'])
  })
})
