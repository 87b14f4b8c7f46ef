import { Client, type QueryResult } from 'pg'
import { Fault, isFault } from '../../../kernel/faults.ts'
import type { Target } from '../../../kernel/target.ts'
import type { TargetControl } from '../../../target/protocol.ts'
import { identifier } from './quote.ts'
import { readSettings } from './settings.ts'

/** Marks a role as ours, beside the prefix of its name; the grant follows. */
export const LOGIN_COMMENT = 'breakglass grant '

const CONNECT_MS = 10_000
const STATEMENT_MS = 10_000
/** How long a backend may take to die; PostgreSQL ends one at its next check for interrupts. */
const TERMINATE_MS = 15_000
const POLL_MS = 20

const UNDEFINED_OBJECT = '42704'
const STILL_NEEDED = '2BP01'

/** One control connection per target, shared by everything that acts on its logins. */
export class ControlLinks {
  readonly #links = new Map<string, ControlLink>()

  of(target: Target): ControlLink {
    const known = this.#links.get(target.name)
    if (known) return known
    const link = new ControlLink(target, () => this.#links.delete(target.name))
    this.#links.set(target.name, link)
    return link
  }
}

/**
 * The reserved connection of one target, under the configured login. Kept open while logins of ours live, so that ending
 * them needs no free connection slot. Statements run one at a time, in the order they were asked for.
 */
export class ControlLink implements TargetControl {
  readonly #target: Target
  readonly #forget: () => void
  readonly #living = new Set<string>()
  #client: Client | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(target: Target, forget: () => void) {
    this.#target = target
    this.#forget = forget
  }

  /** Keeps the connection until `login` is dropped. */
  reserve(login: string): void {
    this.#living.add(login)
  }

  /** Runs one statement, or several without parameters as one transaction. Faults: `target.unreachable`, `target.misconfigured`. */
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    const mine = this.#turn.then(() => this.#run<Row>(sql, values))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async disable(login: string): Promise<void> {
    await this.#unlessGone(this.query(`ALTER ROLE ${identifier(login)} NOLOGIN`))
  }

  /**
   * A terminated backend is seen to be gone, twice in a row: a connection that was just logging in when the role lost
   * LOGIN shows up between the two. Cancelling would not do: a loop that catches `query_canceled` survives it.
   */
  async terminate(login: string): Promise<number> {
    const ended = new Set<number>()
    const until = Date.now() + TERMINATE_MS
    for (let quiet = 0; quiet < 2; ) {
      const rows = await this.query<{ pid: number }>(
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
    const role = identifier(login)
    try {
      await this.#unlessGone(this.query(`DROP ROLE ${role}`))
    } catch (cause) {
      if (!isFault(cause) || cause.facts['sqlstate'] !== STILL_NEEDED) throw cause
      await this.#handOver(login)
      await this.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
    this.#living.delete(login)
    await this.#release()
  }

  /** Logins run as their scope's role, so they own nothing, unless somebody left that role: then the scope gets it. */
  async #handOver(login: string): Promise<void> {
    const [scope] = await this.query<{ name: string }>(
      `SELECT r.rolname AS name FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
       JOIN pg_roles l ON l.oid = m.member WHERE l.rolname = $1 ORDER BY r.rolname LIMIT 1`,
      [login],
    )
    const role = identifier(login)
    const heir = scope ? identifier(scope.name) : 'CURRENT_USER'
    await this.query(`GRANT ${role} TO CURRENT_USER; REASSIGN OWNED BY ${role} TO ${heir}`)
  }

  async logins(): Promise<readonly string[]> {
    const rows = await this.query<{ name: string }>(
      `SELECT rolname AS name FROM pg_roles
       WHERE rolname LIKE 'bg\\_%' AND shobj_description(oid, 'pg_authid') LIKE $1 || '%' ORDER BY 1`,
      [LOGIN_COMMENT],
    )
    for (const row of rows) this.#living.add(row.name)
    await this.#release()
    return rows.map(row => row.name)
  }

  async close(): Promise<void> {
    this.#living.clear()
    this.#forget()
    await this.#release()
  }

  /** Lets the connection go when no login of ours lives any more, in its turn: never under a running statement. */
  #release(): Promise<void> {
    const mine = this.#turn.then(() => (this.#living.size === 0 ? this.#disconnect() : undefined))
    this.#turn = mine
    return mine
  }

  async #unlessGone(work: Promise<unknown>): Promise<void> {
    await work.catch((cause: unknown) => {
      if (!isFault(cause) || cause.facts['sqlstate'] !== UNDEFINED_OBJECT) throw cause
    })
  }

  async #run<Row extends object>(sql: string, values: readonly unknown[] | undefined): Promise<Row[]> {
    const client = await this.#connected()
    try {
      const result = (await client.query(sql, values ? [...values] : undefined)) as
        | QueryResult<Row>
        | QueryResult<Row>[]
      return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows
    } catch (cause) {
      const sqlstate = (cause as { code?: unknown }).code
      if (typeof sqlstate !== 'string' || sqlstate.length !== 5 || sqlstate.startsWith('57P')) {
        await this.#disconnect()
        throw this.#unreachable(cause)
      }
      throw new Fault('target.misconfigured', `${this.#target.name} refused: ${(cause as Error).message}`, {
        next: `Run \`breakglass target check ${this.#target.name}\`.`,
        facts: { sqlstate },
        cause,
      })
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client
    const client = controlClient(this.#target)
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    try {
      await client.connect()
      await client.query(
        `SET statement_timeout = ${STATEMENT_MS}; SET lock_timeout = 5000; SET standard_conforming_strings = on`,
      )
    } catch (cause) {
      await client.end().catch(() => undefined)
      throw this.#unreachable(cause)
    }
    this.#client = client
    return client
  }

  #lost(client: Client): void {
    if (this.#client === client) this.#client = undefined
  }

  async #disconnect(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => undefined)
  }

  #unreachable(cause: unknown): Fault {
    if (isFault(cause)) return cause
    const said = (cause as { code?: unknown; message?: string }) ?? {}
    const refused = typeof said.code === 'string' && /^(28|3D|42)/.test(said.code)
    return new Fault(
      refused ? 'target.misconfigured' : 'target.unreachable',
      refused
        ? `${this.#target.name} refused our login: ${said.message}`
        : `no control connection to ${this.#target.name}`,
      { next: `Run \`breakglass target check ${this.#target.name}\`.`, cause },
    )
  }
}

/** A client for the configured login of a target, not yet connected. */
export function controlClient(target: Target): Client {
  const settings = readSettings(target)
  const ca = settings.tls === 'verify-full' ? settings.authority() : undefined
  return new Client({
    host: settings.host,
    port: settings.port,
    user: settings.user,
    password: settings.password(),
    database: settings.database,
    application_name: 'breakglass',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    ssl:
      settings.tls === 'disable'
        ? false
        : { rejectUnauthorized: settings.tls === 'verify-full', ...(ca === undefined ? {} : { ca }) },
  })
}
