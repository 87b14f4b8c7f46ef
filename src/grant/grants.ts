import { Fault, isFault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import { advance } from './advance.ts'
import { approve, type Approved, deny } from './approve.ts'
import { extend } from './change-time.ts'
import { end } from './end.ts'
import { findGrant } from './find.ts'
import type { EndReason, Grant } from './grant.ts'
import { withdraw } from './leave.ts'
import { covers, liftLock, type LockOn, locks, type Lock, setLock } from './locks.ts'
import { open, type OpenInput } from './open.ts'
import { openUnanswered } from './open-unanswered.ts'
import { includes } from './people.ts'
import type { GrantPorts } from './ports.ts'
import { checkReason } from './request.ts'
import { grants } from './slice.ts'
import { verify } from './verify.ts'

export type Grants = ReturnType<typeof createGrants>

/** The operations on grants. Who acts is always the principal whose token spoke, never a field of a request (attack 4). */
export function createGrants(ports: GrantPorts) {
  const { journal } = ports
  const current = (id: string): Grant => {
    const grant = findGrant(journal.state, id)
    if (grant instanceof Fault) throw grant
    return grant
  }

  /** Cuts first, records at once from the reserve, and says so loudly when even that is impossible. */
  const endNow = async (id: string, reason: EndReason, by?: PersonId): Promise<void> => {
    const grant = current(id)
    const cutting = ports.cut(grant, reason)
    try {
      await journal.execute(state => end(state, id, reason, by), { reserve: true })
    } catch (error) {
      if (!isFault(error) || !error.code.startsWith('ledger.')) throw error
      ports.unlogged(`grant ${id} ended: ${reason}`, { grant: id, reason })
    }
    await cutting
  }

  const attempt = (who: VerifiedPrincipal, id: string, act: string, why: string): Promise<unknown> => {
    const data = { grant: id, act, why }
    const event = { type: 'attempt.refused', subject: who.person, outcome: 'refused', data }
    return journal.execute(() => ({ events: [event], result: undefined }))
  }

  /** An attempt that was refused because of who made it is on record (attack 4). */
  const guarded = async <R>(
    who: VerifiedPrincipal,
    id: string,
    act: string,
    run: () => Promise<R>,
  ): Promise<R> => {
    try {
      return await run()
    } catch (error) {
      if (isFault(error, 'grant.own') || isFault(error, 'forbidden')) {
        await attempt(who, id, act, error.code)
      }
      throw error
    }
  }

  const mayEnd = (who: VerifiedPrincipal, grant: Grant): boolean =>
    grant.person === who.person || includes(ports.roles.revoke, who) || includes(grant.approval.ask.from, who)

  return {
    async open(who: VerifiedPrincipal, input: OpenInput): Promise<Grant> {
      const { grant: id } = await open(ports, who, input)
      if (id === undefined) throw new Fault('internal', 'A request without a grant was not refused.')
      const { verify: wanted } = current(id).terms
      if (who.strongestWithin(wanted.factor, wanted.withinMs, journal.now())) {
        await journal.execute((state, now) => verify(state, id, who, now))
        await advance(ports, id)
      }
      return current(id)
    },

    /** After a step-up: the same request goes on. */
    verify: (who: VerifiedPrincipal, id: string): Promise<Grant> =>
      guarded(who, id, 'verify', async () => {
        await journal.execute((state, now) => verify(state, id, who, now))
        await advance(ports, id)
        return current(id)
      }),

    approve: (who: VerifiedPrincipal, id: string): Promise<Approved> =>
      guarded(who, id, 'approve', async () => {
        const { result } = await journal.execute(state => approve(state, id, who))
        if (result.approved) await advance(ports, id)
        return result
      }),

    deny: (who: VerifiedPrincipal, id: string, reason: string): Promise<void> =>
      guarded(who, id, 'deny', async () => {
        const bad = checkReason(reason)
        if (bad) throw bad
        await journal.execute(state => deny(state, id, who, reason))
      }),

    withdraw: (who: VerifiedPrincipal, id: string): Promise<void> =>
      guarded(who, id, 'withdraw', async () => {
        await journal.execute(state => withdraw(state, id, who.person))
      }),

    openUnanswered: (who: VerifiedPrincipal, id: string): Promise<Grant> =>
      guarded(who, id, 'open_unanswered', async () => {
        await journal.execute((state, now) => openUnanswered(state, id, who, now))
        await advance(ports, id)
        return current(id)
      }),

    extend: (who: VerifiedPrincipal, id: string): Promise<{ endsAt: number }> =>
      guarded(
        who,
        id,
        'extend',
        async () => (await journal.execute((state, now) => extend(state, id, who, now))).result,
      ),

    /** The requester is done. */
    close: (who: VerifiedPrincipal, id: string): Promise<void> =>
      guarded(who, id, 'close', async () => {
        if (current(id).person !== who.person)
          throw new Fault('forbidden', 'Only the requester closes a grant.', {
            next: `End it with \`breakglass revoke ${id}\`.`,
          })
        await endNow(id, 'completed', who.person)
      }),

    revoke: (who: VerifiedPrincipal, id: string): Promise<void> =>
      guarded(who, id, 'revoke', async () => {
        if (!mayEnd(who, current(id)))
          throw new Fault('forbidden', 'You may not end this grant.', {
            next: 'Its requester, its approvers and whoever has the role `revoke` may.',
          })
        await endNow(id, 'revoked', who.person)
      }),

    endNow,

    /** Locks and ends what is live under it; what is pending is refused when it would open. */
    lock: (
      who: VerifiedPrincipal,
      on: LockOn,
      reason: string,
    ): Promise<{ lock: string; ended: readonly string[] }> =>
      guarded(who, '', 'lock', async () => {
        if (!includes(ports.roles.lock, who))
          throw new Fault('forbidden', 'You may not lock.', { next: 'Whoever has the role `lock` may.' })
        const bad = checkReason(reason)
        if (bad) throw bad
        const covered = [...journal.state.hot(grants)].filter(grant => covers(on, grant))
        // What is live stops before the lock is on disk: narrowing waits for nothing.
        const live = covered.filter(grant => grant.state === 'active')
        const cutting = live.map(grant => ports.cut(grant, 'locked'))
        const { result } = await journal.execute(() => setLock(on, who.person, reason), { reserve: true })
        await Promise.all(cutting)
        const ended: string[] = []
        for (const { id } of live) {
          await endNow(id, 'locked', who.person).catch((error: unknown) => {
            // What keeps grants under their locks has seen this one as well, and was first.
            if (!isFault(error, 'grant.state')) throw error
          })
          ended.push(id)
        }
        return { lock: result, ended }
      }),

    unlock: (who: VerifiedPrincipal, id: string): Promise<void> =>
      guarded(who, id, 'unlock', async () => {
        if (!includes(ports.roles.lock, who))
          throw new Fault('forbidden', 'You may not unlock.', { next: 'Whoever has the role `lock` may.' })
        await journal.execute(state => liftLock(state, id, who.person))
      }),

    locks: (): readonly Lock[] => [...journal.state.all(locks)],

    /** Own grants, those one answers for, and all for auditors and those who may revoke. */
    list(who: VerifiedPrincipal): readonly Grant[] {
      return [...journal.state.all(grants)].filter(grant => maySee(who, grant)).reverse()
    },

    get(who: VerifiedPrincipal, id: string): Grant {
      const grant = current(id)
      if (maySee(who, grant)) return grant
      // The answer does not wait for the record of an attempt that reads nothing (attack 6).
      attempt(who, id, 'read', 'forbidden').catch(() =>
        ports.unlogged('an attempt to read a grant', { grant: id }),
      )
      throw new Fault('forbidden', 'This grant is neither yours nor yours to answer for.', {
        next: 'Its requester, its approvers and auditors see it; this attempt was recorded.',
      })
    },

    /** The reason given with the request; undefined once erased. */
    async reason(grant: Grant): Promise<string | undefined> {
      const payload = await journal.payload(grant.entry).catch((error: unknown) => {
        if (isFault(error, 'evidence.erased')) return undefined
        throw error
      })
      return typeof payload === 'object' && payload !== null && 'reason' in payload
        ? (payload.reason as string)
        : undefined
    },
  }

  function maySee(who: VerifiedPrincipal, grant: Grant): boolean {
    return (
      mayEnd(who, grant) ||
      includes(ports.roles.audit, who) ||
      includes(ports.roles.lock, who) ||
      includes(grant.terms.review.from, who)
    )
  }
}
