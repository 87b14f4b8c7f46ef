import { describe, expect, it } from 'vitest'
import { known, procedureText } from './example.suite.ts'
import { loadProcedures } from './load.ts'

describe('two independent channels (requirement 22)', () => {
  const one = procedureText({ alert: '{ to: [security] }' })
  const file = { path: 'a.yaml', text: one }

  it('are demanded unless the organisation says that it accepts one', () => {
    expect(loadProcedures([file], known).ok).toBe(false)
    expect(loadProcedures([file], { ...known, singleChannel: true }).ok).toBe(true)
  })

  it('are not two when they lead to the same place', () => {
    const alerts = {
      security: [
        { kind: 'webhook', at: 'soc' },
        { kind: 'syslog', at: 'soc' },
      ],
    }
    const result = loadProcedures([file], { ...known, alerts })
    expect(result).toMatchObject({
      problems: [{ message: 'alert.to reaches one channel, two independent ones are needed' }],
    })
  })

  it('are still at least one', () => {
    const result = loadProcedures([file], { ...known, singleChannel: true, alerts: { security: [] } })
    expect(result).toMatchObject({
      problems: [{ message: 'alert.to reaches no channel, two independent ones are needed' }],
    })
  })
})

describe('two channels', () => {
  it.each([
    ['https://soc.example/a', 'https://soc.example/b', false],
    ['https://soc.example/a', 'https://soc.example:8443/a', true],
    ['https://soc.example/a', 'https://pager.example/a', true],
    ['siem.internal', 'siem.internal', false],
  ])('%s and %s: independent is %s', (one, other, independent) => {
    const alerts = {
      security: [
        { kind: 'webhook', at: one },
        { kind: 'webhook', at: other },
      ],
    }
    const text = procedureText({ alert: '{ to: [security] }' })
    expect(loadProcedures([{ path: 'a.yaml', text }], { ...known, alerts }).ok).toBe(independent)
  })
})
