import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Instant } from '../kernel/clock.ts'
import { newId } from '../kernel/ids.ts'
import { Fold } from '../journal/fold.ts'
import type { NewEvent } from '../journal/slice.ts'
import { identitySlices } from './create-identity.ts'
import { type Digest, identityEvent } from './events.ts'
import { tokenIssued } from './issue-token.ts'
import { liveToken } from './live-token.ts'
import { people, type Person } from './people.ts'
import { Fault } from '../kernel/faults.ts'

type Step =
  | { readonly do: 'issue'; readonly who: number; readonly forMs: number }
  | { readonly do: 'revoke'; readonly who: number; readonly nth: number }
  | { readonly do: 'disable' | 'enable' | 'revokeAll'; readonly who: number }
  | { readonly do: 'prove'; readonly who: number; readonly nth: number }
  | { readonly do: 'wait'; readonly ms: number }

const who = fc.integer({ min: 0, max: 2 })
const nth = fc.integer({ min: 0, max: 25 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('issue' as const),
      who,
      forMs: fc.integer({ min: 1, max: 5_000 }),
    }),
  },
  fc.record({ do: fc.constant('revoke' as const), who, nth }),
  fc.record({ do: fc.constantFrom('disable' as const, 'enable' as const, 'revokeAll' as const), who }),
  fc.record({ do: fc.constant('prove' as const), who, nth }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2_000 }) }),
)

interface Known {
  readonly digest: Digest
  readonly who: number
  readonly until: number
  ended: boolean
  proofs: number
}

/** The fold beside a list that is searched from end to end: as plain as the promise itself. */
class Twins {
  readonly fold = new Fold(identitySlices)
  readonly ids = [newId('person'), newId('person'), newId('person')] as const
  readonly known: Known[] = []
  readonly disabled = [false, false, false]
  #ms = 0
  #index = 0

  constructor() {
    for (const id of this.ids)
      this.#apply(
        identityEvent('person.added', { person: id, issuer: 'local', subject: id, groups: [], profile: '' }),
      )
  }

  now(): Instant {
    return { wall: 1_000_000 + this.#ms, mono: this.#ms, boot: 'b' }
  }

  #apply(event: NewEvent): void {
    const { wall: t, mono, boot } = this.now()
    this.fold.apply({
      index: this.#index++,
      id: `e_${this.#index}`,
      t,
      mono,
      boot,
      type: event.type,
      data: event.data,
    })
  }

  person(n: number): Person {
    const person = this.fold.get(people, this.ids[n] ?? '')
    if (!person) throw new Error('no person')
    return person
  }

  live(n: number): Known[] {
    return this.known.filter(token => token.who === n && !token.ended && token.until > this.#ms)
  }

  run(step: Step): void {
    if (step.do === 'wait') {
      this.#ms += step.ms
      return
    }
    const person = this.person(step.who)
    switch (step.do) {
      case 'issue': {
        if (this.disabled[step.who]) return
        const digest = `d${this.known.length}`
        const caller = { source: 'x' }
        this.#apply(
          tokenIssued(this.fold, this.now(), { person, digest, kind: 'cli', forMs: step.forMs, caller }),
        )
        const [oldest, ...rest] = this.live(step.who)
        if (oldest && rest.length === 19) oldest.ended = true
        this.known.push({ digest, who: step.who, until: this.#ms + step.forMs, ended: false, proofs: 0 })
        return
      }
      case 'revoke': {
        const token = this.live(step.who)[step.nth]
        if (!token) return
        token.ended = true
        this.#apply(identityEvent('token.revoked', { person: person.id, tokens: [token.digest] }))
        return
      }
      case 'prove': {
        const token = this.live(step.who)[step.nth]
        if (!token) return
        token.proofs = Math.min(8, token.proofs + 1)
        const proven = {
          person: person.id,
          token: token.digest,
          factor: 'totp',
          id: newId('factor'),
        } as const
        this.#apply(identityEvent('factor.proven', { ...proven, door: 'step_up' }))
        return
      }
      case 'enable':
        this.disabled[step.who] = false
        this.#apply(identityEvent('person.enabled', { person: person.id }))
        return
      case 'disable':
      case 'revokeAll':
        for (const token of this.known) if (token.who === step.who) token.ended = true
        if (step.do === 'disable') {
          this.disabled[step.who] = true
          this.#apply(identityEvent('person.disabled', { person: person.id, ends: person.tokens }))
        } else this.#apply(identityEvent('token.revoked', { person: person.id, tokens: person.tokens }))
    }
  }
}

describe('tokens and people', () => {
  it('a token opens exactly while it was issued, not ended, not expired and its person not disabled', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), steps => {
        const twins = new Twins()
        for (const each of steps) {
          twins.run(each)
          for (const token of twins.known) {
            const expected = twins.live(token.who).includes(token) && !twins.disabled[token.who]
            const found = liveToken(twins.fold, token.digest, twins.now())
            expect(found instanceof Fault).toBe(!expected)
            if (!(found instanceof Fault)) expect(found.token.proofs).toHaveLength(token.proofs)
          }
          for (const n of [0, 1, 2]) expect(twins.person(n).tokens.length).toBeLessThanOrEqual(20)
        }
      }),
      { numRuns: 60 },
    )
  })
})
