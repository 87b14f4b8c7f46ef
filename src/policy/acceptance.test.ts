import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fold } from '../journal/fold.ts'
import type { Decision } from '../journal/journal.ts'
import type { NewEvent } from '../journal/slice.ts'
import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import { acceptSet } from './accept-set.ts'
import { ACCEPTANCE, type Acceptance, procedureSets } from './acceptance.ts'
import { offerSet } from './offer-set.ts'

const [ana, ben, cem, eve] = ['p_ana', 'p_ben', 'p_cem', 'p_eve'] as const satisfies readonly PersonId[]

/** The control log's own fold, without the log: events are applied as they are decided. */
function world(needed: unknown = 2, owners: readonly PersonId[] = [ana, ben, cem]) {
  const fold = new Fold([procedureSets])
  let index = 0
  const log = (events: readonly NewEvent[]): void => {
    for (const event of events)
      fold.apply({ index: index++, id: `e_${index}`, t: index, mono: index, boot: 'b', ...event })
  }
  const apply = <R>(decided: Decision<R> | Fault): Decision<R> | Fault => {
    if (!(decided instanceof Fault)) log(decided.events)
    return decided
  }
  log([{ type: 'organisation.created', data: { owners, owners_needed: needed as number } }])
  return {
    log,
    now: (): Acceptance | undefined => fold.get(procedureSets, ACCEPTANCE),
    offer: (digest: string, by?: PersonId) => apply(offerSet(fold, digest, by)),
    accept: (by: PersonId, digest: string, factorProven = true) =>
      apply(acceptSet(fold, { digest, by, factorProven })),
  }
}

function code(decided: Decision<unknown> | Fault): string {
  return decided instanceof Fault ? decided.code : decided.events.map(({ type }) => type).join(' ')
}

describe('accepting a set of procedures', () => {
  it('takes k different owners, each with a factor; the k-th brings it into force', () => {
    const at = world()
    expect(code(at.offer('A'))).toBe('procedures.loaded')
    expect(code(at.accept(ana, 'A'))).toBe('procedures.accepted')
    expect(at.now()).toMatchObject({ offer: { digest: 'A', acceptedBy: [ana] } })
    expect(at.now()?.inForce).toBeUndefined()
    expect(code(at.accept(ben, 'A'))).toBe('procedures.accepted procedures.in_force')
    expect(at.now()).toEqual({ owners: [ana, ben, cem], needed: 2, inForce: 'A' })
  })

  it('refuses who is no owner, who proves no factor, who comes twice, and what is not on offer', () => {
    const at = world()
    expect(code(at.accept(ana, 'A'))).toBe('conflict')
    at.offer('A')
    expect(code(at.accept(eve, 'A'))).toBe('forbidden')
    expect(code(at.accept(ana, 'A', false))).toBe('identity.step_up_required')
    expect(code(at.accept(ana, 'B'))).toBe('conflict')
    at.accept(ana, 'A')
    expect(code(at.accept(ana, 'A'))).toBe('conflict')
    at.accept(ben, 'A')
    expect(code(at.accept(cem, 'A'))).toBe('conflict')
  })

  it('forgets acceptances of an offer that another one replaced: an old yes brings nothing back', () => {
    const at = world()
    at.offer('A')
    at.accept(ana, 'A')
    at.offer('B')
    at.accept(ana, 'B')
    at.accept(ben, 'B')
    expect(code(at.offer('A'))).toBe('procedures.loaded')
    expect(code(at.accept(ben, 'A'))).toBe('procedures.accepted')
    expect(at.now()).toMatchObject({ inForce: 'B', offer: { digest: 'A', acceptedBy: [ben] } })
  })

  it('withdraws the offer when the folder goes back to the set in force, and logs no repetition', () => {
    const at = world(1)
    at.offer('A')
    at.accept(ana, 'A')
    expect(code(at.offer('A'))).toBe('')
    at.offer('B')
    expect(code(at.offer('B'))).toBe('')
    expect(code(at.offer('A', ana))).toBe('procedures.loaded')
    expect(at.now()).toEqual({ owners: [ana, ben, cem], needed: 1, inForce: 'A' })
  })

  it.each([0, -1, 1.5, Number.NaN, null, '1', [2]])('requirement 7: %s needed owners means never', needed => {
    const at = world(needed)
    at.offer('A')
    for (const owner of [ana, ben, cem]) at.accept(owner, 'A')
    expect(at.now()?.inForce).toBeUndefined()
  })

  it('requirement 7: no owners means nobody', () => {
    const at = world(1, [])
    at.offer('A')
    expect(code(at.accept(ana, 'A'))).toBe('forbidden')
  })

  it('counts for itself: events that claim more than was accepted change nothing', () => {
    const at = world()
    at.offer('A')
    at.log([
      { type: 'procedures.accepted', data: { digest: 'A', by: eve } },
      { type: 'procedures.accepted', data: { digest: 'A', by: ana } },
      { type: 'procedures.accepted', data: { digest: 'A', by: ana } },
      { type: 'procedures.in_force', data: { digest: 'A' } },
      { type: 'procedures.in_force', data: { digest: 'B' } },
      { type: 'organisation.created', data: { owners: [eve], owners_needed: 1 } },
    ])
    expect(at.now()).toEqual({
      owners: [ana, ben, cem],
      needed: 2,
      offer: { digest: 'A', acceptedBy: [ana] },
    })
  })

  it('whatever happens, a set in force was accepted by k owners since it was last offered', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('offer' as const), digest: fc.constantFrom('A', 'B') }),
      fc.record({
        kind: fc.constant('accept' as const),
        digest: fc.constantFrom('A', 'B'),
        by: fc.constantFrom(ana, ben, cem, eve),
        factor: fc.boolean(),
      }),
    )
    let brought = 0
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        (steps, needed) => {
          const at = world(needed)
          let offered: string | undefined
          let inForce: string | undefined
          let yes = new Set<PersonId>()
          for (const one of steps) {
            if (one.kind === 'offer') {
              at.offer(one.digest)
              if (one.digest !== offered) yes = new Set()
              offered = one.digest === inForce ? undefined : one.digest
            } else {
              at.accept(one.by, one.digest, one.factor)
              if (one.digest === offered && one.factor && one.by !== eve) yes.add(one.by)
              if (offered !== undefined && yes.size >= needed) {
                inForce = offered
                offered = undefined
                yes = new Set()
                brought++
              }
            }
            expect(at.now()?.inForce).toBe(inForce)
            expect(at.now()?.offer?.digest).toBe(offered)
          }
        },
      ),
    )
    expect(brought).toBeGreaterThan(10)
  })
})
