import type { Instant } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import { newId, type PersonId } from '../kernel/ids.ts'
import type { Factor } from '../kernel/principal.ts'
import { VerifiedPrincipal } from '../identity/verified-principal.ts'
import { Fold } from '../journal/fold.ts'
import type { Decision } from '../journal/journal.ts'
import type { JournalEvent, NewEvent } from '../journal/slice.ts'
import type { Approval, Terms } from '../policy/terms.ts'
import type { Grant } from './grant.ts'
import { locks } from './locks.ts'
import { grants, loginNames } from './slice.ts'

// These tests judge decisions alone; nothing here authenticates, so the maker of principals is theirs to claim.
const make = VerifiedPrincipal.claimMaker()

export const TERMS: Terms = {
  procedure: 'orders-db-emergency',
  digest: 'd'.repeat(64),
  verify: { factor: 'totp', withinMs: 120_000 },
  scope: { use: 'repair', refuse: ['ddl'], mask: [] },
  time: { defaultMs: 1_800_000, mostMs: 3_600_000, extend: { times: 1, byMs: 1_800_000 } },
  evidence: 'before',
  record: { bindValues: false, resultBytes: 0 },
  anyAddress: false,
  alert: { to: ['security'], on: ['activated'], beforeOpen: false, unalerted: 'open', waitMs: 10_000 },
  review: {
    from: { people: [], groups: ['security'] },
    withinMs: 172_800_000,
    overdue: 'refuse_new_requests',
  },
  limits: { sessions: 20, grantsPerPerson: 2 },
}

export const ASK: Approval = { from: { people: [], groups: ['commanders'] }, count: 1, withinMs: 600_000 }

/** A folded control log without a disk: decisions go in, their events are applied at once. */
export class World {
  readonly fold = new Fold([grants, loginNames, locks])
  now: Instant = { wall: Date.UTC(2026, 10, 19, 1, 14, 6), mono: 1_000_000, boot: 'one' }
  #index = 0

  pass(ms: number): void {
    this.now = { ...this.now, wall: this.now.wall + ms, mono: this.now.mono + ms }
  }

  run<R>(decision: Decision<R> | Fault): R | Fault {
    if (decision instanceof Fault) return decision
    for (const event of decision.events) this.apply(event)
    return decision.result
  }

  apply(event: NewEvent): void {
    const logged: JournalEvent = {
      index: this.#index++,
      id: newId('event'),
      t: this.now.wall,
      mono: this.now.mono,
      boot: this.now.boot,
      type: event.type,
      data: event.data,
      ...(event.subject !== undefined && { subject: event.subject }),
    }
    this.fold.apply(logged)
  }

  grant(id: string): Grant {
    const grant = this.fold.get(grants, id)
    if (!grant) throw new Error(`no grant ${id}`)
    return grant
  }

  person(
    handle: string,
    groups: readonly string[],
    factor?: Factor,
    kind: 'session' | 'api' = 'session',
  ): VerifiedPrincipal {
    return make({
      person: personOf(handle),
      handle,
      groups,
      token: 'f'.repeat(64),
      kind,
      expires: this.now.wall + 3_600_000,
      proofs: factor ? [{ factor, at: this.now }] : [],
    })
  }
}

export function personOf(handle: string): PersonId {
  return `p_${handle}`
}
