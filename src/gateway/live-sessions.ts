import type { Instant } from '../kernel/clock.ts'
import type { SessionEnd } from '../target/action.ts'
import type { Held } from './session-guard.ts'

/** A session that exists, from before its target is dialled until its last entry is written. */
export interface LiveSession {
  readonly id: string
  readonly grant: string
  readonly person: string
  readonly openedAt: Instant
  /** Set once; from then on nothing is forwarded. */
  readonly ended: SessionEnd | undefined
  /** `mono` ms of the last traffic from the client. */
  readonly lastSeen: number
  /** Writes that wait for a decision. */
  readonly held: Held | undefined
  end(end: SessionEnd): void
  notice(text: string): void
  /** Resolves when the session's last entry is written and its connections are closed. */
  readonly closed: Promise<void>
}

/** All sessions of this process, by grant. Ending is synchronous: when `cut` returns, no session forwards anything more. */
export class LiveSessions {
  readonly #byGrant = new Map<string, Set<LiveSession>>()
  /** Grants that ended in this process. Holds from the moment of the cut, before and even without the event. */
  readonly #over = new Map<string, SessionEnd>()

  /** Why this grant is over although the log may not say so yet. */
  over(grant: string): SessionEnd | undefined {
    return this.#over.get(grant)
  }

  add(session: LiveSession): void {
    const over = this.#over.get(session.grant)
    if (over) session.end(over)
    const sessions = this.#byGrant.get(session.grant) ?? new Set()
    sessions.add(session)
    this.#byGrant.set(session.grant, sessions)
  }

  remove(session: LiveSession): void {
    const sessions = this.#byGrant.get(session.grant)
    sessions?.delete(session)
    if (sessions?.size === 0) this.#byGrant.delete(session.grant)
  }

  of(grant: string): readonly LiveSession[] {
    return [...(this.#byGrant.get(grant) ?? [])]
  }

  count(grant: string): number {
    return this.#byGrant.get(grant)?.size ?? 0
  }

  *all(): IterableIterator<LiveSession> {
    for (const sessions of this.#byGrant.values()) yield* [...sessions]
  }

  /** For good: no session of this grant opens any more, the open ones end. */
  closeGrant(grant: string, end: SessionEnd): Promise<number> {
    this.#over.set(grant, this.#over.get(grant) ?? end)
    return this.cut(grant, end)
  }

  /** Ends every session of the grant; the promise resolves when all of them are closed. */
  async cut(grant: string, end: SessionEnd): Promise<number> {
    const sessions = this.of(grant)
    for (const session of sessions) session.end(end)
    await Promise.all(sessions.map(session => session.closed))
    return sessions.length
  }
}
