import { describe, expect, it } from 'vitest'
import type { Step } from './played/happenings.suite.ts'
import { playSession } from './played/play.suite.ts'
import { whateverHappens } from './played/whatever-happens.suite.ts'

describe('sessions in which anything may happen in any order', () => {
  whateverHappens(500)
})

describe('a channel that is closed', () => {
  const step = (what: string, more: Partial<Step> = {}): Step => ({
    what,
    pick: 0,
    size: 0,
    yes: true,
    ...more,
  })
  const opened = ['client opens a session', 'target hears', 'target answers an opening', 'client hears']

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
    'attack 7: its number may be another one’s by now, so message %i of its client goes nowhere',
    async pick => {
      const steps = [...opened, 'client closes'].map(what => step(what))
      const { faults, seen } = await playSession([...steps, step('client is unruly', { pick })], false)
      expect(faults).toEqual([])
      expect([...seen].filter(([what]) => what.startsWith('to the target'))).toEqual([
        ['to the target: open', 1],
        ['to the target: env', 1],
        ['to the target: close', 1],
      ])
    },
  )

  it('says no more words of ours behind the end of the target’s data', async () => {
    const steps = [...opened, 'client starts', 'target hears', 'target ends its data', 'a notice']
    const { faults, seen } = await playSession(
      steps.map(what => step(what, { size: 1_999 })),
      false,
    )
    expect(faults).toEqual([])
    expect(seen.get('to the client: eof')).toBe(1)
    expect(seen.get('to the client: extended_data')).toBeUndefined()
  })
})
