import type { EntryFields } from '../entry/entry.ts'
import type { GrantAccount, SessionAccount } from './verdict.ts'

/** Events after which nothing happens to a grant any more (DESIGN §3). */
const LAST = ['grant.closed', 'grant.denied', 'grant.withdrawn', 'grant.lapsed']

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What the leaf fields of a bundle's entries tell, told again from nothing else. */
export class Accounts {
  readonly #sessions = new Map<string, Mutable<SessionAccount>>()
  readonly #grants = new Map<string, Mutable<GrantAccount>>()

  control(index: number, { type, t, subject, target, data }: EntryFields): void {
    const id = data['grant']
    if (typeof id !== 'string') return
    const grant = this.#grants.get(id)
    if (grant === undefined) {
      if (type !== 'grant.requested') return
      this.#grants.set(id, {
        grant: id,
        person: subject ?? '',
        target: target ?? '',
        procedure: text(data['procedure']),
        digest: text(data['digest']),
        requestedAt: t,
        entry: index,
        events: 1,
      })
      return
    }
    grant.events += 1
    if (type === 'grant.activated') grant.activatedAt = t
    if (type === 'grant.ended') grant.endedAt = t
    if (LAST.includes(type)) grant.last = { type, at: t, entry: index }
  }

  action({ type, t, src, subject, target, data }: EntryFields): void {
    const known = this.#sessions.get(src)
    const session =
      known ??
      ({
        session: src,
        grant: type === 'session.opened' ? text(data['grant']) : '',
        person: subject ?? '',
        target: target ?? '',
        openedAt: t,
        entries: 0,
      } satisfies Mutable<SessionAccount>)
    if (!known) this.#sessions.set(src, session)
    session.entries += 1
    if (type !== 'session.closed') return
    session.closedAt = t
    session.reason = text(data['reason'])
  }

  grant(id: string): GrantAccount | undefined {
    return this.#grants.get(id)
  }

  get sessions(): readonly SessionAccount[] {
    return [...this.#sessions.values()]
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
