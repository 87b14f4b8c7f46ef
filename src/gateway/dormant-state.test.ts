import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JournalEvent } from '../journal/slice.ts'
import { dormantLogins, type DormantState, isFree, owedSecret } from './dormant-state.ts'

const DAY = 86_400_000

function event(type: string, t: number, data: Record<string, string | boolean> = {}): JournalEvent {
  return { index: t, id: `e_${t}`, t, mono: t, boot: 'b', type, data: { login: 'bg_dormant_a', ...data } }
}

function fold(...events: readonly JournalEvent[]): DormantState | undefined {
  return events.reduce<DormantState | undefined>(
    (state, one) =>
      dormantLogins.keys(one).includes('bg_dormant_a')
        ? dormantLogins.evolve(state, one, 'bg_dormant_a')
        : state,
    undefined,
  )
}

describe('the state of a dormant login', () => {
  const arming = event('dormant.arming', 1)
  const armed = event('dormant.armed', 2)
  const used = event('dormant.used', 3, { grant: 'g_1' })
  const ended = event('login.dropped', 4, { grant: 'g_1', dormant: true })

  it.each([
    ['nobody gave it a secret', [], false, true],
    ['a secret is on its way', [arming], false, true],
    ['it has one', [arming, armed], true, false],
    ['a grant uses it', [arming, armed, used], false, false],
    ['that grant has ended: free, and owed a new one', [arming, armed, used, ended], true, true],
    ['the new one is on its way', [arming, armed, used, ended, arming], false, true],
    [
      'the target did not take it',
      [arming, armed, used, ended, arming, event('dormant.kept', 5)],
      true,
      true,
    ],
    ['the target never took any', [arming, event('dormant.kept', 5)], false, true],
    [
      'the end of another grant changes nothing',
      [arming, armed, used, event('login.dropped', 4, { grant: 'g_2', dormant: true })],
      false,
      false,
    ],
    [
      'a login that was made for a grant is none of these',
      [arming, armed, used, event('login.dropped', 4, { grant: 'g_1' })],
      false,
      false,
    ],
  ])('%s', (_name, events, free, owed) => {
    expect(isFree(fold(...events))).toBe(free)
    expect(owedSecret(fold(...events), 5)).toBe(owed)
  })

  it('a secret is renewed each week, but never under a grant that uses it', () => {
    expect(owedSecret(fold(arming, armed), 2 + 7 * DAY)).toBe(false)
    expect(owedSecret(fold(arming, armed), 3 + 7 * DAY)).toBe(true)
    expect(owedSecret(fold(arming, armed, used), 30 * DAY)).toBe(false)
  })

  it('is never free while a grant uses it or its secret is unknown, whatever happened before', () => {
    const some = fc.constantFrom(
      'dormant.arming',
      'dormant.armed',
      'dormant.kept',
      'dormant.used',
      'login.dropped',
    )
    fc.assert(
      fc.property(fc.array(some, { maxLength: 12 }), types => {
        const state = fold(...types.map((type, at) => event(type, at, { grant: 'g_1', dormant: true })))
        const last = types.findLast(type => type === 'dormant.used' || type === 'login.dropped')
        if (last === 'dormant.used' || types.at(-1) === 'dormant.arming' || !types.includes('dormant.armed'))
          expect(isFree(state)).toBe(false)
      }),
    )
  })
})
