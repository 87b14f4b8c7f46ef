import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { History } from '../../test/support/history.ts'
import { isId } from '../kernel/ids.ts'
import type { DueAlert } from './alert.ts'
import { alertId } from './alert-id.ts'
import { channel, newGrant, requested, routesOf, told } from './alert-world.suite.ts'
import { channelHealth } from './channel-health.ts'
import { confirmed } from './confirmed.ts'
import { outbox } from './outbox.ts'
import { channelsFor, type Routes } from './routes.ts'
import { dead, delivered, dropped, left } from './settle.ts'

const silent = (): Promise<void> => Promise.resolve()
const A = channel('a', silent)
const B = channel('b', silent)
const C = channel('c', silent)
const ROUTES = routesOf({ security: [A], pager: [B], soc: [C] }, ['soc'])

function world() {
  const history = new History([outbox, channelHealth])
  const due = (lane: string): readonly DueAlert[] => history.fold.get(outbox, lane)?.due ?? []
  const settle = (
    how: 'delivered' | 'dead',
    lane: string,
    event: string,
    on: string,
    routes: Routes = ROUTES,
  ): boolean => {
    const attempt = { lane, event, channel: on, tries: 1 }
    const { fold } = history
    return (
      history.add(
        ...(how === 'delivered' ? delivered(fold, routes, attempt, 5) : dead(fold, routes, attempt, '500')),
      ).length > 0
    )
  }
  return { history, due, settle }
}

const types = (alerts: readonly DueAlert[]): string[] => alerts.map(({ type }) => type)
const ids = (alert: DueAlert | undefined): string[] =>
  alert ? channelsFor(alert, ROUTES).map(({ id }) => id) : []

describe('what must be told', () => {
  it('is what the terms of the grant name, to the destinations they name, in the order of the log', () => {
    const { history, due } = world()
    const grant = newGrant()
    history.add(requested(grant, { on: ['requested', 'ended', 'finding'] }))
    for (const type of [
      'grant.verified',
      'grant.activated',
      'login.intended',
      'finding.raised',
      'grant.ended',
    ])
      history.add(told(type, grant))
    expect(types(due(grant))).toEqual(['grant.requested', 'finding.raised', 'grant.ended'])
    expect(due(grant).map(ids)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  it('is nothing when the terms name nothing or nobody (requirement 7)', () => {
    const { history, due } = world()
    const [none, nobody] = [newGrant(), newGrant()]
    history.add(requested(none, { on: [] }), requested(nobody, { to: [] }))
    expect(due(none)).toEqual([])
    // Named events to an empty list still reach those who always hear.
    expect(due(nobody).map(ids)).toEqual([['c']])
  })

  it('an approval by nobody goes out whatever the terms name: to them, to its own list, and to security', () => {
    const { history, due } = world()
    const grant = newGrant()
    history.add(requested(grant, { to: ['security'], on: [], nobody: ['pager'] }))
    history.add(
      told('grant.approved', grant, { mode: 'people' }),
      told('grant.approved', grant, { mode: 'nobody' }),
    )
    expect(due(grant).map(ids)).toEqual([['a', 'b', 'c']])
  })

  it('a grant opened before any alert was confirmed is told to security as well', () => {
    const { history, due } = world()
    const grant = newGrant()
    history.add(
      requested(grant, { to: ['pager'], on: [] }),
      told('grant.activated', grant, { unalerted: true }),
    )
    expect(due(grant).map(ids)).toEqual([['b', 'c']])
  })

  it.each([
    'procedures.loaded',
    'lock.set',
    'ledger.recovered',
    'person.disabled',
    'signin.failures',
    'finding.raised',
  ])('security hears of %s, and its lane goes when it was told', type => {
    const { history, due, settle } = world()
    const [event] = history.add({ type, data: {} })
    const id = event?.id ?? ''
    expect(due(id).map(ids)).toEqual([['c']])
    settle('delivered', id, id, 'c')
    expect(history.fold.get(outbox, id)).toBeUndefined()
  })

  it('a channel that two destinations share is told once', () => {
    const { history, due } = world()
    const grant = newGrant()
    history.add(requested(grant))
    const [alert] = due(grant)
    expect(alert && left(alert, routesOf({ security: [A], pager: [A, B] }), undefined)).toEqual(['a', 'b'])
  })
})

describe('settling', () => {
  it('is done when every channel has, and only then', () => {
    const { history, due, settle } = world()
    const grant = newGrant()
    const [event] = history.add(requested(grant))
    const id = event?.id ?? ''
    expect(confirmed(history.fold, grant)).toBe(false)
    settle('delivered', grant, id, 'a')
    expect(confirmed(history.fold, grant)).toBe(true)
    expect(types(due(grant))).toEqual(['grant.requested'])
    settle('delivered', grant, id, 'b')
    expect(due(grant)).toEqual([])
    expect([...history.fold.hot(outbox)]).toEqual([])
  })

  it('counts once: a channel that confirms twice logs once', () => {
    const { history, settle } = world()
    const grant = newGrant()
    const [event] = history.add(requested(grant))
    expect([1, 2].map(() => settle('delivered', grant, event?.id ?? '', 'a'))).toEqual([true, false])
  })

  it('requirement 22: a dead letter is itself told, on the channels that did not fail', () => {
    const { history, settle, due } = world()
    const grant = newGrant()
    const [event] = history.add(requested(grant))
    settle('dead', grant, event?.id ?? '', 'a')
    const [lane] = [...history.fold.hot(outbox)].filter(lane => lane.key !== grant)
    expect(lane?.due.map(ids)).toEqual([['b', 'c']])
    expect(types(due(lane?.key ?? ''))).toEqual(['alert.dead'])
  })

  it('a channel is announced once per outage, an alert that nobody got every time', () => {
    const { history, settle } = world()
    const announced = (): number => history.events.filter(({ data }) => data.announce === true).length
    const grants = Array.from({ length: 5 }, newGrant)
    const events = grants.map(grant => history.add(requested(grant))[0]?.id ?? '')
    for (const [index, grant] of grants.entries()) settle('dead', grant, events[index] ?? '', 'a')
    expect(announced()).toBe(1)
    settle('delivered', grants[0] ?? '', events[0] ?? '', 'b')
    settle('dead', grants[1] ?? '', events[1] ?? '', 'b')
    expect(announced()).toBe(2)
    expect(history.events.at(-1)).toMatchObject({ outcome: 'unheard' })
  })

  it('announcements end: with every channel dead the last one has nowhere to go and is dropped', () => {
    const { history, settle } = world()
    history.add(requested(newGrant()))
    for (let rounds = 0; rounds < 20; rounds += 1) {
      for (const lane of history.fold.hot(outbox)) {
        for (const alert of lane.due) {
          const [on] = left(alert, ROUTES, undefined)
          if (on === undefined) history.add(...dropped(history.fold, ROUTES, lane.key, alert.event))
          else settle('dead', lane.key, alert.event, on)
        }
      }
    }
    expect([...history.fold.hot(outbox)]).toEqual([])
    expect(history.events.length).toBeLessThan(20)
  })

  it('an alert whose destinations left the configuration goes to those who always hear', () => {
    const { history, due } = world()
    const grant = newGrant()
    history.add(requested(grant, { to: ['gone'] }))
    expect(due(grant).map(ids)).toEqual([['c']])
  })
})

describe('alertId', () => {
  it('is the same for ever for one event and channel, and a UUIDv7 like every id', () => {
    const { history } = world()
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const [event] = history.add(requested(newGrant()))
        const id = alertId(event?.id ?? '', one)
        expect(isId('alert', id)).toBe(true)
        expect(alertId(event?.id ?? '', one)).toBe(id)
        expect(alertId(event?.id ?? '', other) === id).toBe(one === other)
      }),
    )
  })
})

describe('any history, delivered with any failures and crashes', () => {
  it('loses nothing, keeps the order of each grant on each channel, and comes to rest', () => {
    const step = fc.record({
      grant: fc.nat(3),
      type: fc.constantFrom('grant.activated', 'grant.ended', 'finding.raised', 'lock.set'),
    })
    // What happens to a try: told and logged, told but killed before it was logged, or given up.
    const fate = fc.constantFrom('ok', 'ok', 'ok', 'killed', 'dead')
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 20 }),
        fc.infiniteStream(fate),
        fc.infiniteStream(fc.nat()),
        (steps, fates, picks) => {
          const { history, settle } = world()
          const grants = Array.from({ length: 4 }, newGrant)
          const said: string[] = []
          const heard = new Map<string, string[]>()
          for (const grant of grants) history.add(requested(grant))
          const deliverOne = (): boolean => {
            const owing = [...history.fold.hot(outbox)].flatMap(lane =>
              ['a', 'b', 'c'].flatMap(on => {
                const alert = lane.due.find(alert => left(alert, ROUTES, undefined).includes(on))
                return alert ? [{ lane: lane.key, on, alert }] : []
              }),
            )
            for (const lane of history.fold.hot(outbox))
              for (const alert of lane.due)
                if (left(alert, ROUTES, undefined).length === 0)
                  history.add(...dropped(history.fold, ROUTES, lane.key, alert.event))
            if (owing.length === 0) return false
            const pick = owing[(picks.next().value as number) % owing.length]
            const what = fates.next().value as string
            if (!pick) return false
            const key = `${pick.lane} ${pick.on}`
            if (what !== 'dead') heard.set(key, [...(heard.get(key) ?? []), pick.alert.event])
            if (what === 'ok') settle('delivered', pick.lane, pick.alert.event, pick.on)
            if (what === 'dead') {
              said.push(`${key} ${pick.alert.event}`)
              settle('dead', pick.lane, pick.alert.event, pick.on)
            }
            return true
          }
          for (const { grant, type } of steps) {
            history.add(type === 'lock.set' ? { type, data: {} } : told(type, grants[grant] ?? ''))
            if ((picks.next().value as number) % 2 === 0) deliverOne()
          }
          for (let rounds = 0; deliverOne(); rounds += 1) expect(rounds).toBeLessThan(5_000)
          expect([...history.fold.hot(outbox)]).toEqual([])

          for (const grant of grants) {
            const expected = history.events.filter(
              event =>
                event.data.grant === grant &&
                ['grant.requested', 'grant.activated', 'grant.ended', 'finding.raised'].includes(event.type),
            )
            for (const on of ['a', 'b']) {
              const got = [...new Set(heard.get(`${grant} ${on}`))]
              const order = expected.map(({ id }) => id)
              // Everything was heard or logged as given up there, first hearings in the order of the log.
              expect(order.filter(id => !got.includes(id) && !said.includes(`${grant} ${on} ${id}`))).toEqual(
                [],
              )
              expect(got).toEqual(order.filter(id => got.includes(id)))
            }
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})
