import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fault } from '../kernel/faults.ts'
import { activate } from './activate.ts'
import { approve, approveAutomatically, deny } from './approve.ts'
import { Authorization } from './authorization.ts'
import { extend, shorten } from './change-time.ts'
import { end } from './end.ts'
import type { Grant } from './grant.ts'
import { lapse, withdraw } from './leave.ts'
import { liftLock, locks, setLock } from './locks.ts'
import { openUnanswered } from './open-unanswered.ts'
import { request } from './request.ts'
import { MOVES, STATES, TERMINAL } from './states.ts'
import { verify } from './verify.ts'
import { ASK, personOf, TERMS, World } from './world.suite.ts'

const PEOPLE = ['ana', 'ben', 'cy', 'dee'] as const
const person = fc.constantFrom(...PEOPLE)
const pick = fc.nat(3)

const command = fc.oneof(
  fc.record({
    do: fc.constant('request' as const),
    who: person,
    needed: fc.integer({ min: 1, max: 2 }),
    automatic: fc.boolean(),
    nobody: fc.boolean(),
  }),
  fc.record({
    do: fc.constantFrom('verify', 'approve', 'deny', 'withdraw', 'extend', 'unanswered' as const),
    who: person,
    grant: pick,
  }),
  fc.record({
    do: fc.constantFrom('automatic', 'lapse', 'activate', 'end', 'shorten' as const),
    grant: pick,
  }),
  fc.record({
    do: fc.constant('pass' as const),
    ms: fc.constantFrom(10, 20_000, 130_000, 600_000, 1_900_000),
  }),
  fc.record({ do: fc.constantFrom('lock', 'unlock' as const) }),
  fc.record({
    do: fc.constant('forge' as const),
    type: fc.constantFrom(...Object.keys(MOVES), 'grant.approval_given', 'grant.extended'),
    grant: pick,
    by: person,
  }),
)

describe('a grant under any sequence of commands', () => {
  it('keeps the promises of its life (requirements 5, 6, 8, 11, 14)', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), commands => {
        const world = new World()
        const ids: string[] = []
        const terminal = new Map<string, Grant['state']>()
        for (const step of commands) {
          const before = new Map(ids.map(id => [id, world.grant(id)]))
          perform(world, ids, step)
          for (const id of ids) check(world, id, before.get(id), terminal, step.do === 'forge')
        }
      }),
      { numRuns: 400 },
    )
  })
})

type Step = typeof command extends fc.Arbitrary<infer T> ? T : never

function perform(world: World, ids: string[], step: Step): void {
  const { fold, now } = world
  const who = (handle: string) => world.person(handle, ['commanders', 'ops'], 'passkey')
  const id = 'grant' in step ? (ids[step.grant % Math.max(1, ids.length)] ?? 'g_none') : ''
  switch (step.do) {
    case 'request': {
      const ask = {
        ...ASK,
        count: step.needed,
        ...(step.nobody && {
          nobody: { afterMs: 20_000, factor: 'totp' as const, mostMs: 900_000, alert: [] },
        }),
      }
      const result = world.run(
        request(fold, {
          person: personOf(step.who),
          target: 'orders-db',
          reason: 'checkout is down',
          durationMs: TERMS.time.defaultMs,
          terms: TERMS,
          approval: { mode: step.automatic ? 'automatic' : 'people', ask },
        }),
      )
      if (!(result instanceof Fault) && result.grant !== undefined) ids.push(result.grant)
      return
    }
    case 'verify':
      return void world.run(verify(fold, id, who(step.who), now))
    case 'approve':
      return void world.run(approve(fold, id, who(step.who)))
    case 'deny':
      return void world.run(deny(fold, id, who(step.who), 'no'))
    case 'withdraw':
      return void world.run(withdraw(fold, id, personOf(step.who)))
    case 'extend':
      return void world.run(extend(fold, id, who(step.who), now))
    case 'unanswered':
      return void world.run(openUnanswered(fold, id, who(step.who), now))
    case 'automatic':
      return void world.run(approveAutomatically(fold, id, now))
    case 'lapse':
      return void world.run(lapse(fold, id, now))
    case 'activate':
      return void world.run(activate(fold, id, { alerted: true, personEnabled: true }, now))
    case 'end':
      return void world.run(end(fold, id, 'revoked'))
    case 'shorten':
      return void world.run(shorten(fold, id, now))
    case 'pass':
      return world.pass(step.ms)
    case 'lock':
      return void world.run(setLock({ kind: 'target', name: 'orders-db' }, personOf('dee'), 'stop'))
    case 'unlock':
      for (const lock of [...fold.all(locks)]) world.run(liftLock(fold, lock.id, personOf('dee')))
      return
    case 'forge':
      // Whatever stands in the log, evolve makes no move the table does not name.
      if (ids.length > 0)
        world.apply({
          type: step.type,
          data: { grant: id, by: personOf(step.by), duration_ms: 99, reason: 'revoked', mode: 'people' },
        })
  }
}

function check(
  world: World,
  id: string,
  before: Grant | undefined,
  terminal: Map<string, Grant['state']>,
  forged: boolean,
): void {
  const grant = world.grant(id)
  expect(STATES).toContain(grant.state)
  const was = terminal.get(id)
  if (was) expect(grant.state).toBe(was)
  if (TERMINAL.includes(grant.state)) terminal.set(id, grant.state)
  if (before && before.state !== grant.state) {
    const moves = Object.values(MOVES).filter(move => move.to === grant.state)
    expect(moves.some(move => (move.from as readonly string[]).includes(before.state))).toBe(true)
  }
  expect(grant.approvedBy).not.toContain(grant.person)
  expect(new Set(grant.approvedBy).size).toBe(grant.approvedBy.length)
  if (
    !forged &&
    before?.state === 'verified' &&
    grant.state === 'approved' &&
    grant.approvalMode === 'people'
  ) {
    expect(grant.approvedBy.length).toBeGreaterThanOrEqual(grant.approval.ask.count)
  }
  const authorized = Authorization.authorize(world.fold, id, undefined, world.now)
  if (!(authorized instanceof Fault)) {
    expect(grant.state).toBe('active')
    expect(authorized.remainingMs).toBeGreaterThan(0)
    expect(authorized.remainingMs).toBeLessThanOrEqual(grant.terms.time.mostMs)
    expect([...world.fold.all(locks)]).toEqual([])
  }
}
