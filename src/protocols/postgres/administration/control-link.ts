import { Client, type QueryResult } from 'pg'
import { Fault, isFault } from '../../../kernel/faults.ts'
import type { Address, PostgresSettings } from './settings.ts'

const CONNECT_MS = 5_000
const STATEMENT_MS = 10_000

/** What waiting or another server may cure: no room, a standby, a lock or a time limit, a disk that fails. */
const PASSING = /^(08|25006|53|55P03|57|58)/
/** After these the connection is of no use any more. */
const LOST = /^(08|57P)/

/**
 * Durable here is enough: a commit that waits for a standby which is gone would wait for ever, on the very day it matters
 * (`synchronous_commit = local`).
 *
 * One connection to one database of a server under the configured login. Statements run one at a time, in the order they were
 * asked for. Connects at the first statement and again after a loss.
 */
export class ControlLink {
  readonly #settings: PostgresSettings
  readonly #at: Address
  readonly #database: string
  #client: Client | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(settings: PostgresSettings, at: Address = settings, database: string = settings.databases[0]) {
    this.#settings = settings
    this.#at = at
    this.#database = database
  }

  /**
   * Runs one statement, or several without parameters as one transaction. Faults: `target.unreachable` for what may pass,
   * `target.misconfigured` for what somebody has to change; `facts.sqlstate` says what the server said, `facts.unchanged`
   * that it certainly did nothing.
   */
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
    const mine = this.#turn.then(() => this.#run<Row>(sql, values))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Lets the connection go in its turn, never under a running statement, if `wanted` still says so then. */
  release(wanted: () => boolean = () => true): Promise<void> {
    const mine = this.#turn.then(() => (wanted() ? this.#disconnect() : undefined))
    this.#turn = mine
    return mine
  }

  async #run<Row extends object>(sql: string, values: readonly unknown[] | undefined): Promise<Row[]> {
    const client = await this.#connected()
    try {
      const result = (await client.query(sql, values ? [...values] : undefined)) as
        | QueryResult<Row>
        | QueryResult<Row>[]
      return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows
    } catch (cause) {
      const sqlstate = sqlstateOf(cause)
      if (sqlstate === undefined || LOST.test(sqlstate)) {
        await this.#disconnect()
        throw this.#noConnection(cause)
      }
      const { target } = this.#settings
      throw new Fault(
        PASSING.test(sqlstate) ? 'target.unreachable' : 'target.misconfigured',
        `${target} refused: ${(cause as Error).message}`,
        { next: `Run \`breakglass target check ${target}\`.`, facts: { sqlstate, unchanged: true }, cause },
      )
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client
    const client = controlClient(this.#settings, this.#at, this.#database)
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    try {
      await client.connect()
      await client.query(
        `SET statement_timeout = ${STATEMENT_MS}; SET lock_timeout = 5000; SET synchronous_commit = local; SET standard_conforming_strings = on`,
      )
    } catch (cause) {
      await client.end().catch(() => undefined)
      throw this.#noConnection(cause)
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

  #noConnection(cause: unknown): Fault {
    if (isFault(cause)) return cause
    const sqlstate = sqlstateOf(cause)
    const refused = sqlstate !== undefined && !PASSING.test(sqlstate)
    const { target } = this.#settings
    const { host, port } = this.#at
    return new Fault(
      refused ? 'target.misconfigured' : 'target.unreachable',
      refused
        ? `${target} refused our login: ${(cause as Error).message}`
        : `no control connection to ${target} (${host}:${port})`,
      {
        next: `Run \`breakglass target check ${target}\`.`,
        ...(sqlstate !== undefined && { facts: { sqlstate } }),
        cause,
      },
    )
  }
}

/** Node's own codes (`ECONNREFUSED`) are not five letters and digits, or begin with E and are none of PostgreSQL's. */
function sqlstateOf(cause: unknown): string | undefined {
  const { code } = (cause ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)
    ? code
    : undefined
}

/** A client for the configured login of a target, not yet connected. */
export function controlClient(settings: PostgresSettings, at: Address, database: string): Client {
  const ca = settings.tls === 'verify-full' ? settings.authority() : undefined
  return new Client({
    host: at.host,
    port: at.port,
    user: settings.user,
    password: settings.password(),
    database,
    application_name: 'breakglass',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    sslnegotiation: settings.tlsNegotiation,
    ssl:
      settings.tls === 'disable'
        ? false
        : { rejectUnauthorized: settings.tls === 'verify-full', ...(ca === undefined ? {} : { ca }) },
  })
}
