import { ControlLink } from '../administration/control-link.ts'
import type { PostgresSettings } from '../administration/settings.ts'
import type { Ask } from './read-columns.ts'

interface Shared {
  readonly link: ControlLink
  sessions: number
}

export interface MaskLink {
  readonly ask: Ask
  /** The session is over. */
  release(): void
}

/**
 * Connections under the configured login that look columns up, one for each database and shared by all sessions with masks in
 * it. The connection that ends logins is another one: it must never wait for us.
 */
export class MaskLinks {
  readonly #shared = new Map<string, Shared>()

  take(settings: PostgresSettings, database: string): MaskLink {
    const key = JSON.stringify([settings.target, database])
    const shared = this.#shared.get(key) ?? {
      link: new ControlLink(settings, settings, database),
      sessions: 0,
    }
    this.#shared.set(key, shared)
    shared.sessions++
    return {
      ask: (sql, values) => shared.link.query(sql, values),
      release: () => {
        if (--shared.sessions > 0) return
        if (this.#shared.get(key) === shared) this.#shared.delete(key)
        void shared.link.release()
      },
    }
  }
}
