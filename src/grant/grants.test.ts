import { describe, expect, it } from 'vitest'
import { Fault } from '../kernel/faults.ts'
import { activate } from './activate.ts'
import { approve, deny } from './approve.ts'
import { Authorization } from './authorization.ts'
import { AFTER_RESOLVED_MS, extend, shorten } from './change-time.ts'
import { end } from './end.ts'
import { lapse, withdraw } from './leave.ts'
import { setLock } from './locks.ts'
import { openUnanswered } from './open-unanswered.ts'
import { includes } from './people.ts'
import { checkReason, REASON_LIMIT, request } from './request.ts'
import { verify } from './verify.ts'
import { ASK, personOf, TERMS, World } from './world.suite.ts'
import type { Approval, Terms } from '../policy/terms.ts'

const OPEN = { alerted: true, personEnabled: true }

function asked(world: World, terms: Terms = TERMS, ask: Approval = ASK, who = 'ana'): string {
  const result = world.run(
    request(world.fold, {
      person: personOf(who),
      target: 'orders-db',
      reason: 'checkout is down',
      durationMs: terms.time.defaultMs,
      terms,
      approval: { mode: 'people', ask },
    }),
  )
  if (result instanceof Fault || result.grant === undefined) throw new Error('not asked')
  return result.grant
}

function active(world: World, terms: Terms = TERMS, who = 'ana'): string {
  const id = asked(world, terms, ASK, who)
  expect(world.run(verify(world.fold, id, world.person(who, [], 'totp'), world.now))).toBeUndefined()
  expect(world.run(approve(world.fold, id, world.person('mara', ['commanders'])))).toMatchObject({
    approved: true,
  })
  expect(world.run(activate(world.fold, id, OPEN, world.now))).toBeUndefined()
  return id
}

function code(result: unknown): string | undefined {
  return result instanceof Fault ? result.code : undefined
}

describe('asking', () => {
  it.each(['', '   ', '\n\t'])('requirement 9: the reason %j is refused', reason => {
    expect(code(checkReason(reason))).toBe('input.invalid')
  })

  it('requirement 9: a reason is bounded in length', () => {
    expect(checkReason('x'.repeat(REASON_LIMIT))).toBeUndefined()
    expect(code(checkReason('x'.repeat(REASON_LIMIT + 1)))).toBe('input.too_large')
  })

  it('requirement 17: open grants per person are bounded, and the refusal is on record', () => {
    const world = new World()
    asked(world)
    asked(world)
    const decision = request(world.fold, {
      person: personOf('ana'),
      target: 'orders-db',
      reason: 'more',
      durationMs: 1,
      terms: TERMS,
      approval: { mode: 'people', ask: ASK },
    })
    expect(decision.events.map(event => event.type)).toEqual(['grant.requested', 'grant.denied'])
    expect(decision.result.denied?.why).toContain('limit is 2')
  })

  it('requirement 1: an old login does not verify; a fresh factor does', () => {
    const world = new World()
    const id = asked(world)
    const old = world.person('ana', [], 'passkey')
    world.pass(120_001)
    expect(code(world.run(verify(world.fold, id, old, world.now)))).toBe('identity.step_up_required')
    expect(code(world.run(verify(world.fold, id, world.person('ana', [], 'password'), world.now)))).toBe(
      'identity.step_up_required',
    )
    expect(world.run(verify(world.fold, id, world.person('ana', [], 'passkey'), world.now))).toBeUndefined()
  })
})

describe('answering', () => {
  it('requirement 6: nobody approves or denies their own request, whatever groups they are in', () => {
    const world = new World()
    const id = asked(world)
    const ana = world.person('ana', ['commanders'], 'passkey')
    expect(code(approve(world.fold, id, ana))).toBe('grant.own')
    expect(code(deny(world.fold, id, ana, 'x'))).toBe('grant.own')
  })

  it('requirement 6: one human in two groups is one approval', () => {
    const world = new World()
    const ask = { ...ASK, from: { people: ['mara'], groups: ['commanders', 'security'] }, count: 2 }
    const id = asked(world, TERMS, ask)
    world.run(verify(world.fold, id, world.person('ana', [], 'totp'), world.now))
    const mara = world.person('mara', ['commanders', 'security'])
    expect(world.run(approve(world.fold, id, mara))).toEqual({ approved: false, missing: 1 })
    expect(world.run(approve(world.fold, id, mara))).toEqual({ approved: false, missing: 1 })
    expect(world.grant(id).state).toBe('verified')
    expect(world.run(approve(world.fold, id, world.person('priya', ['security'])))).toEqual({
      approved: true,
      missing: 0,
    })
  })

  it('requirement 7: empty lists mean nobody', () => {
    const world = new World()
    const id = asked(world, TERMS, { ...ASK, from: { people: [], groups: [] } })
    world.run(verify(world.fold, id, world.person('ana', [], 'totp'), world.now))
    expect(code(approve(world.fold, id, world.person('mara', ['commanders'])))).toBe('forbidden')
    expect(
      includes({ people: [], groups: [] }, { person: personOf('mara'), handle: 'mara', groups: [] }),
    ).toBe(false)
  })

  it('requirement 10: a program may ask and never approves', () => {
    const world = new World()
    const id = asked(world)
    world.run(verify(world.fold, id, world.person('ana', [], 'totp'), world.now))
    expect(code(approve(world.fold, id, world.person('mara', ['commanders'], 'totp', 'api')))).toBe(
      'forbidden',
    )
  })

  it('requirement 8: a pending request lapses at its time and not before', () => {
    const world = new World()
    const id = asked(world)
    world.run(verify(world.fold, id, world.person('ana', [], 'totp'), world.now))
    world.pass(ASK.withinMs - 1)
    expect(code(lapse(world.fold, id, world.now))).toBe('grant.state')
    world.pass(1)
    world.run(lapse(world.fold, id, world.now))
    expect(world.grant(id).state).toBe('lapsed')
    expect(code(approve(world.fold, id, world.person('mara', ['commanders'])))).toBe('grant.state')
  })

  it('only the requester withdraws', () => {
    const world = new World()
    const id = asked(world)
    expect(code(withdraw(world.fold, id, personOf('mara')))).toBe('forbidden')
    world.run(withdraw(world.fold, id, personOf('ana')))
    expect(world.grant(id).state).toBe('withdrawn')
  })

  it('approval.nobody opens after its time, with a factor shown since, for less time', () => {
    const world = new World()
    const nobody = {
      afterMs: 600_000,
      factor: 'passkey' as const,
      mostMs: 900_000,
      alert: ['page_everybody'],
    }
    const id = asked(world, TERMS, { ...ASK, nobody })
    const early = world.person('ana', [], 'passkey')
    world.run(verify(world.fold, id, early, world.now))
    world.pass(599_000)
    expect(code(openUnanswered(world.fold, id, world.person('ana', [], 'passkey'), world.now))).toBe(
      'grant.state',
    )
    const justBefore = world.person('ana', [], 'passkey')
    world.pass(2_000)
    expect(code(openUnanswered(world.fold, id, justBefore, world.now))).toBe('identity.step_up_required')
    const fresh = world.person('ana', [], 'passkey')
    world.pass(500)
    expect(code(openUnanswered(world.fold, id, world.person('mara', [], 'passkey'), world.now))).toBe(
      'forbidden',
    )
    expect(world.run(openUnanswered(world.fold, id, fresh, world.now))).toBeUndefined()
    expect(world.grant(id)).toMatchObject({ state: 'approved', approvalMode: 'nobody', durationMs: 900_000 })
  })

  it('without approval.nobody an unanswered request never opens', () => {
    const world = new World()
    const id = asked(world)
    world.run(verify(world.fold, id, world.person('ana', [], 'passkey'), world.now))
    world.pass(599_000)
    expect(code(openUnanswered(world.fold, id, world.person('ana', [], 'passkey'), world.now))).toBe(
      'policy.denied',
    )
  })
})

describe('time', () => {
  it('requirement 12: the clock starts at activation; the last minute is the last minute', () => {
    const world = new World()
    const id = active(world)
    world.pass(TERMS.time.defaultMs - 60_000)
    expect(Authorization.authorize(world.fold, id, 'orders-db', world.now)).toMatchObject({
      remainingMs: 60_000,
    })
    world.pass(60_000)
    expect(code(Authorization.authorize(world.fold, id, 'orders-db', world.now))).toBe('grant.not_active')
  })

  it('requirement 11: the earlier of the two clocks ends it; a wall clock set back ends it too', () => {
    const world = new World()
    const id = active(world)
    const { wall, mono, boot } = world.now
    const at = (w: number, m: number) =>
      Authorization.authorize(world.fold, id, undefined, { wall: wall + w, mono: mono + m, boot })
    expect(at(1_000, 1_000)).not.toBeInstanceOf(Fault)
    expect(code(at(TERMS.time.defaultMs, 1_000))).toBe('grant.not_active')
    expect(code(at(1_000, TERMS.time.defaultMs))).toBe('grant.not_active')
    expect(code(at(-1, 1_000))).toBe('grant.not_active')
    const rebooted = { wall: wall + 60_000, mono: 5, boot: 'two' }
    expect(Authorization.authorize(world.fold, id, undefined, rebooted)).toMatchObject({
      remainingMs: TERMS.time.defaultMs - 60_000,
    })
  })

  it('extending is a new decision: fresh factor, limited times, never beyond the most', () => {
    const world = new World()
    const id = active(world)
    world.pass(600_000)
    expect(code(extend(world.fold, id, world.person('mara', [], 'passkey'), world.now))).toBe('forbidden')
    expect(code(extend(world.fold, id, world.person('ana', []), world.now))).toBe('identity.step_up_required')
    expect(world.run(extend(world.fold, id, world.person('ana', [], 'totp'), world.now))).toMatchObject({})
    expect(world.grant(id).durationMs).toBe(TERMS.time.mostMs)
    expect(code(extend(world.fold, id, world.person('ana', [], 'totp'), world.now))).toBe('policy.denied')
  })

  it('an incident that resolves leaves at most ten minutes and never adds any', () => {
    const world = new World()
    const id = active(world)
    world.pass(60_000)
    expect(world.run(shorten(world.fold, id, world.now))).toBe(true)
    expect(Authorization.authorize(world.fold, id, undefined, world.now)).toMatchObject({
      remainingMs: AFTER_RESOLVED_MS,
    })
    world.pass(60_000)
    expect(world.run(shorten(world.fold, id, world.now))).toBe(false)
    expect(Authorization.authorize(world.fold, id, undefined, world.now)).toMatchObject({
      remainingMs: AFTER_RESOLVED_MS - 60_000,
    })
  })
})

describe('scope', () => {
  it('requirement 16: a grant for A opens nothing on B', () => {
    const world = new World()
    const id = active(world)
    expect(code(Authorization.authorize(world.fold, id, 'payments-db', world.now))).toBe('grant.not_active')
  })

  it('requirement 14: of two overlapping grants the end of one takes nothing from the other', () => {
    const world = new World()
    const [first, second] = [active(world), active(world)]
    world.run(end(world.fold, first, 'revoked'))
    expect(code(Authorization.authorize(world.fold, first, undefined, world.now))).toBe('grant.not_active')
    expect(Authorization.authorize(world.fold, second, undefined, world.now)).not.toBeInstanceOf(Fault)
  })

  it('a lock closes what it covers and nothing else', () => {
    const world = new World()
    const [ana, ben] = [active(world), active(world, TERMS, 'ben')]
    world.run(setLock({ kind: 'person', person: personOf('ana') }, personOf('priya'), 'odd'))
    expect(code(Authorization.authorize(world.fold, ana, undefined, world.now))).toBe('locked')
    expect(Authorization.authorize(world.fold, ben, undefined, world.now)).not.toBeInstanceOf(Fault)
  })
})

describe('opening', () => {
  const strict: Terms = { ...TERMS, alert: { ...TERMS.alert, beforeOpen: true, unalerted: 'refuse' } }

  function approved(world: World, terms: Terms): string {
    const id = asked(world, terms)
    world.run(verify(world.fold, id, world.person('ana', [], 'totp'), world.now))
    world.run(approve(world.fold, id, world.person('mara', ['commanders'])))
    return id
  }

  it('before_open waits for one channel, then keeps to what the procedure says', () => {
    const world = new World()
    const silent = { alerted: false, personEnabled: true }
    const refused = approved(world, strict)
    expect(code(activate(world.fold, refused, silent, world.now))).toBe('grant.state')
    const opened = approved(world, { ...strict, alert: { ...strict.alert, unalerted: 'open' } })
    world.pass(strict.alert.waitMs)
    world.run(activate(world.fold, refused, silent, world.now))
    expect(world.grant(refused).state).toBe('denied')
    const decision = activate(world.fold, opened, silent, world.now)
    if (decision instanceof Fault) throw decision
    expect(decision.events.map(event => event.type)).toEqual(['grant.activated', 'finding.raised'])
  })

  it('requirement 8: a person disabled between approval and opening gets nothing', () => {
    const world = new World()
    const id = approved(world, TERMS)
    world.run(activate(world.fold, id, { alerted: true, personEnabled: false }, world.now))
    expect(world.grant(id).state).toBe('denied')
  })
})
