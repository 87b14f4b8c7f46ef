import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { History } from '../../test/support/history.ts'
import { Fault } from '../kernel/faults.ts'
import type { Slice } from '../journal/slice.ts'
import { grants } from '../grant/slice.ts'
import { type Answers, complete, noteOverdue, open } from './decide.ts'
import { nextDeadline, reviewsDue } from './keep-reviews.ts'
import { overdueFor } from './overdue-for.ts'
import { type Review, reviewOf } from './review.ts'
import { ANSWERS, lifeOf, newGrant, reviewer, TERMS } from './review-world.suite.ts'
import { reviews } from './slice.ts'

function world(slices: readonly Slice<unknown>[] = [reviews]) {
  const history = new History(slices)
  const of = (grant: string): Review => {
    const review = history.fold.get(reviews, reviewOf(grant))
    if (!review) throw new Error(`no review of ${grant}`)
    return review
  }
  const ended = (terms = TERMS): string => {
    const grant = newGrant()
    history.add(...lifeOf(grant, 'p_ana', terms))
    history.add(...open(of(grant)))
    return grant
  }
  const answer = (grant: string, by = reviewer('priya')): void => {
    const events = complete(of(grant), by, ANSWERS)
    if (events instanceof Fault) throw events
    history.add(...events)
  }
  return { history, of, ended, answer }
}
const code = (result: unknown): unknown => result instanceof Fault && result.code

describe('opening', () => {
  it('requirement 24: an ended grant owes a review, due in the time its procedure gives', () => {
    const { history, of } = world()
    const grant = newGrant()
    const [requested, activated, end] = lifeOf(grant)
    if (!requested || !activated || !end) throw new Error('no life')
    history.add(requested, activated)
    expect(open(of(grant))).toEqual([])
    history.add(end)
    expect(open(of(grant))).toMatchObject([
      { type: 'review.opened', data: { grant, due_at: history.now + TERMS.withinMs } },
    ])
    history.add(...open(of(grant)))
    expect(open(of(grant))).toEqual([])
  })

  it('a forged second opening or an end after completion changes nothing', () => {
    const { history, of, ended, answer } = world()
    const grant = ended()
    answer(grant)
    const before = of(grant)
    history.add(...lifeOf(grant), { type: 'review.opened', data: { review: before.id, grant, due_at: 1 } })
    expect(of(grant)).toEqual(before)
  })
})

describe('who may answer', () => {
  it('requirement 6: never the requester, not even as a named reviewer or through a group', () => {
    const { of, ended } = world()
    const grant = ended({ ...TERMS, from: { people: ['ana'], groups: ['security'] } })
    expect(code(complete(of(grant), reviewer('ana', { groups: ['security'] }), ANSWERS))).toBe('grant.own')
  })

  it('requirement 7: two empty lists are nobody', () => {
    const { of, ended } = world()
    const grant = ended({ ...TERMS, from: { people: [], groups: [] } })
    expect(code(complete(of(grant), reviewer('priya', { groups: ['security', ''] }), ANSWERS))).toBe(
      'forbidden',
    )
  })

  it('requirement 10: a program does not answer, whoever it acts for', () => {
    const { of, ended } = world()
    expect(code(complete(of(ended()), reviewer('priya', { kind: 'api' }), ANSWERS))).toBe('forbidden')
  })

  it('a reviewer by name or by group, once', () => {
    const { of, ended, answer } = world()
    for (const by of [reviewer('priya'), reviewer('mara', { groups: ['security'] })]) {
      const grant = ended()
      const events = complete(of(grant), by, ANSWERS)
      expect(events).toMatchObject([
        {
          type: 'review.completed',
          data: { verdict: 'warranted', necessary: 'all', by: by.person },
          payload: { text: ANSWERS.text },
        },
        { type: 'grant.closed', data: { grant } },
      ])
      answer(grant, by)
      expect(code(complete(of(grant), by, ANSWERS))).toBe('grant.state')
    }
  })

  it('not before the grant has ended', () => {
    const { history, of } = world()
    const grant = newGrant()
    history.add(...lifeOf(grant).slice(0, 2))
    expect(code(complete(of(grant), reviewer('priya'), ANSWERS))).toBe('grant.state')
  })

  it.each([
    { ...ANSWERS, verdict: 'fine' },
    { ...ANSWERS, necessary: 'constructor' },
    { ...ANSWERS, text: ' \n\t' },
    { ...ANSWERS, text: 'x'.repeat(8_001) },
  ])('requirement 9: refuses the answers $verdict, $necessary', answers => {
    const { of, ended } = world()
    expect(code(complete(of(ended()), reviewer('priya'), answers as Answers))).toBe('input.invalid')
  })

  it('keeps what was written out of the leaf', () => {
    const { of, ended } = world()
    const [completed] = complete(of(ended()), reviewer('priya'), ANSWERS) as readonly {
      data: unknown
      seal?: string
    }[]
    expect(JSON.stringify(completed?.data)).not.toContain(ANSWERS.text)
    expect(completed?.seal).toBe('p_ana')
  })
})

describe('overdue', () => {
  it('requirement 24: has a consequence for the person from the moment it is due, before anything is logged', () => {
    const { history, ended, of, answer } = world()
    const grant = ended()
    const due = of(grant).dueAt ?? 0
    expect(overdueFor(history.fold, 'p_ana', due)).toEqual([])
    expect(overdueFor(history.fold, 'p_ana', due + 1)).toHaveLength(1)
    expect(overdueFor(history.fold, 'p_tomas', due + 1)).toEqual([])
    answer(grant)
    expect(overdueFor(history.fold, 'p_ana', due + 1)).toEqual([])
  })

  it('only where the procedure says so', () => {
    const { history, ended, of } = world()
    const grant = ended({ ...TERMS, overdue: 'alert' })
    expect(overdueFor(history.fold, 'p_ana', (of(grant).dueAt ?? 0) + 1)).toEqual([])
  })

  it('is logged once', () => {
    const { history, ended, of } = world()
    const grant = ended()
    const instant = (wall: number) => ({ wall, mono: 0, boot: 'b' })
    const late = (of(grant).dueAt ?? 0) + 1
    expect(nextDeadline(history.fold)).toBe(late)
    expect([...reviewsDue(history.fold, instant(late - 1))]).toEqual([])
    expect([...reviewsDue(history.fold, instant(late))]).toHaveLength(1)
    history.add(...noteOverdue(of(grant), late))
    expect([...reviewsDue(history.fold, instant(late))]).toEqual([])
    expect(nextDeadline(history.fold)).toBeUndefined()
    expect(noteOverdue(of(grant), late)).toEqual([])
  })
})

describe('any sequence', () => {
  it('exactly one review per ended grant, closed once, never by the requester, whatever is tried in what order', () => {
    const act = fc.record({
      grant: fc.nat(2),
      what: fc.constantFrom('request', 'activate', 'end', 'open', 'open', 'complete', 'complete'),
      by: fc.constantFrom('ana', 'priya', 'mara', 'stranger'),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), acts => {
        const history = new History([reviews])
        const ids = [newGrant(), newGrant(), newGrant()]
        const lives = ids.map(id => lifeOf(id))
        for (const { grant, what, by } of acts) {
          const id = ids[grant] ?? ''
          const review = history.fold.get(reviews, reviewOf(id))
          const step = ['request', 'activate', 'end'].indexOf(what)
          if (step >= 0) history.add(...(lives[grant]?.slice(step, step + 1) ?? []))
          else if (what === 'open') history.add(...open(review))
          else if (review) {
            const groups = by === 'mara' || by === 'ana' ? ['security'] : []
            const events = complete(review, reviewer(by, { groups }), ANSWERS)
            if (!(events instanceof Fault)) history.add(...events)
          }
        }
        for (const id of ids) {
          const count = (type: string): number =>
            history.events.filter(event => event.type === type && event.data.grant === id).length
          // A grant is ended in truth only when it was requested before.
          const types = history.events.filter(event => event.data.grant === id).map(({ type }) => type)
          const begun = types.indexOf('grant.requested')
          const hasEnded = begun >= 0 && types.indexOf('grant.ended', begun) >= 0
          expect(count('review.opened')).toBeLessThanOrEqual(hasEnded ? 1 : 0)
          expect(count('review.completed')).toBeLessThanOrEqual(count('review.opened'))
          expect(count('grant.closed')).toBe(count('review.completed'))
        }
        const answered = history.events.filter(({ type }) => type === 'review.completed')
        expect(answered.every(({ data }) => data.by === 'p_priya' || data.by === 'p_mara')).toBe(true)
      }),
    )
  })

  it('the two events of an answer are moves that the grant itself allows', () => {
    const { history, of, answer } = world([reviews, grants])
    const grant = newGrant()
    const [requested] = lifeOf(grant)
    if (!requested) throw new Error('no life')
    for (const move of ['requested', 'verified', 'approved', 'activated', 'ended'])
      history.add({ ...requested, type: `grant.${move}` })
    history.add(...open(of(grant)))
    answer(grant)
    expect(history.fold.get(grants, grant)?.state).toBe('closed')
  })
})
