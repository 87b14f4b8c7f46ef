import { Fault, isFault } from '../../../kernel/faults.ts'
import type { Target } from '../../../kernel/target.ts'
import type { TargetControl } from '../../../target/protocol.ts'
import { ControlLink } from './control-link.ts'
import { handOver } from './hand-over.ts'
import { identifier } from './quote.ts'
import { readSettings, type PostgresSettings } from './settings.ts'

/** Marks a role as ours, beside the prefix of its name; the grant and the target follow. */
const LOGIN_COMMENT = 'breakglass grant '

/** How long a backend may take to die; PostgreSQL ends one at its next check for interrupts. */
const TERMINATE_MS = 15_000
const POLL_MS = 20
/** How long a standby may take to show what its primary has done. */
const REPLAY_MS = 10_000

const UNDEFINED_OBJECT = '42704'
const STILL_NEEDED = '2BP01'

/** The comment on a login. Two targets on one server know their own by its end; a target's name has no space. */
export function loginComment(grant: string, target: string): string {
  return `${LOGIN_COMMENT}${grant} of ${target}`
}

/** One control per target, shared by everything that acts on its logins. */
export class Controls {
  readonly #controls = new Map<string, PostgresControl>()

  of(target: Target): PostgresControl {
    const known = this.#controls.get(target.name)
    if (known) return known
    const control = new PostgresControl(target, () => this.#controls.delete(target.name))
    this.#controls.set(target.name, control)
    return control
  }
}

/**
 * Acts on the logins of one target over a reserved connection, which is kept open while logins of ours live: ending them needs
 * no free connection slot.
 */
export class PostgresControl implements TargetControl {
  readonly #target: Target
  readonly #settings: PostgresSettings
  readonly #forget: () => void
  readonly #living = new Set<string>()
  /** To where sessions go. */
  readonly #link: ControlLink
  /** Of a standby: to where roles are made. */
  readonly #primary: ControlLink | undefined

  constructor(target: Target, forget: () => void) {
    this.#target = target
    this.#settings = readSettings(target)
    this.#forget = forget
    this.#link = new ControlLink(this.#settings)
    const { primary } = this.#settings
    this.#primary = primary && new ControlLink(this.#settings, primary)
  }

  /** Keeps the connection until `login` is dropped. */
  reserve(login: string): void {
    this.#living.add(login)
  }

  /** Where roles can be made and changed now: a standby that was promoted has become its own primary. */
  async writer(): Promise<ControlLink> {
    if (!this.#primary) return this.#link
    // A standby that does not answer keeps nobody from taking logins away at its primary.
    const standby = await this.#link
      .query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
      .then(([here]) => here?.standby !== false)
      .catch(() => true)
    return standby ? this.#primary : this.#link
  }

  /** Resolves when everything committed at `writer` so far holds where sessions go. Fault `target.unreachable` after ten seconds. */
  async arrived(writer: ControlLink): Promise<void> {
    if (writer === this.#link) return
    const [done] = await writer.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn')
    for (const until = Date.now() + REPLAY_MS; ; ) {
      const [seen] = await this.#link.query<{ arrived: boolean }>(
        'SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= $1::pg_lsn AS arrived',
        [done?.lsn],
      )
      if (seen?.arrived) return
      if (Date.now() > until) {
        throw new Fault('target.unreachable', `${this.#target.name} does not follow its primary`, {
          next: 'Look at its replication: nothing has arrived for ten seconds.',
        })
      }
      await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
  }

  async disable(login: string): Promise<void> {
    const writer = await this.writer()
    await unlessGone(writer.query(`ALTER ROLE ${identifier(login)} NOLOGIN`))
  }

  /**
   * A terminated backend is seen to be gone, twice in a row: a connection that was just logging in when the role lost
   * LOGIN shows up between the two. Cancelling would not do: a loop that catches `query_canceled` survives it.
   */
  async terminate(login: string): Promise<number> {
    const ended = new Set<number>()
    const until = Date.now() + TERMINATE_MS
    for (let quiet = 0; quiet < 2; ) {
      const rows = await this.#link.query<{ pid: number }>(
        'SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1',
        [login],
      )
      for (const row of rows) ended.add(row.pid)
      quiet = rows.length === 0 ? quiet + 1 : 0
      if (Date.now() > until) {
        throw new Fault('target.unreachable', `${rows.length} backends of ${login} do not end`, {
          next: 'Ask the owner of the target to end them: they wait for something outside PostgreSQL.',
          facts: { pids: rows.map(row => row.pid) },
        })
      }
      if (quiet < 2) await new Promise(resolve => setTimeout(resolve, POLL_MS))
    }
    return ended.size
  }

  async drop(login: string): Promise<void> {
    const writer = await this.writer()
    const role = identifier(login)
    try {
      await unlessGone(writer.query(`DROP ROLE ${role}`))
    } catch (cause) {
      if (!isFault(cause) || cause.facts['sqlstate'] !== STILL_NEEDED) throw cause
      const at = writer === this.#primary ? this.#settings.primary : undefined
      for (const database of this.#settings.databases) await handOver(login, this.#settings, database, at)
      await writer.query(`DROP ROLE ${role}`)
    }
    this.#living.delete(login)
    await this.rest()
  }

  async logins(): Promise<readonly string[]> {
    const rows = await this.#link.query<{ name: string }>(
      `SELECT rolname AS name FROM pg_roles
       WHERE rolname LIKE 'bg\\_%' AND starts_with(shobj_description(oid, 'pg_authid'), $1)
         AND split_part(shobj_description(oid, 'pg_authid'), ' of ', 2) = $2 ORDER BY 1`,
      [LOGIN_COMMENT, this.#target.name],
    )
    for (const row of rows) this.#living.add(row.name)
    await this.rest()
    return rows.map(row => row.name)
  }

  async close(): Promise<void> {
    this.#living.clear()
    this.#forget()
    await this.rest()
  }

  /** Lets the connections go unless logins of ours live. */
  rest(): Promise<void> {
    const idle = (): boolean => this.#living.size === 0
    return Promise.all([this.#link.release(idle), this.#primary?.release(idle)]).then(() => undefined)
  }
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  await work.catch((cause: unknown) => {
    if (!isFault(cause) || cause.facts['sqlstate'] !== UNDEFINED_OBJECT) throw cause
  })
}
