import { createPostgresProtocol } from '../../../src/protocols/postgres/index.ts'
import { expect } from 'vitest'
import type { ContractClient, ProtocolLab } from '../../../src/target/contract/lab.suite.ts'
import { LOGIN, openLab, SECRET } from './lab.ts'
import { RawClient, say, type RawMessage } from './raw-client.ts'

const SCHEMA = `
  CREATE TABLE marks (n serial PRIMARY KEY, mark text);
  CREATE TABLE poured (line text);
  GRANT USAGE ON SEQUENCE marks_n_seq TO PUBLIC;
`

/** PostgreSQL 15 and a client that speaks bytes: marks are rows. */
export async function openContractLab(): Promise<ProtocolLab> {
  const lab = await openLab({
    schema: SCHEMA,
    target: {
      scopes: { repair: { privileges: [{ on: 'public.*', allow: ['select', 'insert', 'update'] }] } },
    },
  })
  const { desk, inspector, protocol, target } = lab
  return {
    protocol,
    restarted: () => createPostgresProtocol({ inspector }),
    target,
    scope: 'repair',
    desk,
    login: LOGIN,
    targetLogin: lab.passage().login,
    rules: { refuse: ['write_without_where'] },
    async connect({ port, login = LOGIN, wrong }) {
      const raw = await RawClient.connect(port)
      const client = new PostgresContractClient(raw)
      try {
        await raw.startTls()
        raw.listen()
        await raw.authenticate(login, wrong ? 'wrong' : SECRET, {})
        await raw.until('Z')
        return client
      } catch (cause) {
        throw new Error(client.told() || (cause as Error).message, { cause })
      }
    },
    messages: mark => [
      say.parse('', 'insert into marks (mark) values ($1)'),
      say.bind('', '', mark),
      say.execute(''),
      say.sync(),
    ],
    async marks() {
      return (await lab.admin('select mark from marks order by n')).map(row => String(row['mark']))
    },
    async running(login) {
      const rows = await lab.admin(
        `select count(*)::int as n from pg_stat_activity where usename = '${login}' and pid <> pg_backend_pid()`,
      )
      return Number(rows[0]?.['n'])
    },
    async kill() {
      const rows = await lab.admin(`select pid from pg_stat_activity where usename = '${lab.loginName}'`)
      for (const { pid } of rows) process.kill(Number(pid), 'SIGKILL')
      // A backend that dies like this takes every other one with it; the server recovers by itself.
      await expect.poll(() => lab.admin('select 1').catch(() => 'recovering')).toHaveLength(1)
    },
    async damage() {
      await lab.admin('revoke update on marks from "bg_scope_shop-db.repair"')
      return { repair: () => lab.admin(protocol.plan(target)).then(() => undefined) }
    },
    close: () => lab.close(),
  }
}

class PostgresContractClient implements ContractClient {
  readonly #raw: RawClient
  readonly closed: Promise<void>

  constructor(raw: RawClient) {
    this.#raw = raw
    this.closed = raw.untilClosed()
  }

  told(): string {
    return this.#raw.received
      .filter(({ tag }) => tag === 'E' || tag === 'N')
      .map(words)
      .join('\n')
  }

  leave(mark: string): Promise<void> {
    return this.leaveAll([mark])
  }

  async leaveAll(marks: readonly string[]): Promise<void> {
    const before = this.#answers('Z')
    const errors = this.#raw.errors().length
    this.#raw.send(...marks.map(mark => say.query(`insert into marks (mark) values ('${mark}')`)))
    await this.#raw.until('Z', before + marks.length)
    const said = this.#raw.errors().slice(errors)
    if (said.length > 0) throw new Error(said.join('\n'))
  }

  async leaveUnruly(mark: string): Promise<string> {
    const before = this.#answers('Z')
    this.#raw.send(say.query(`update marks set mark = '${mark}'`))
    await this.#raw.until('Z', before + 1)
    return this.told()
  }

  async linger(): Promise<void> {
    // A statement that runs says nothing on the wire but what it raises.
    const notices = this.#answers('N')
    this.#raw.send(say.query("do $$ begin raise notice 'lingering'; perform pg_sleep(600); end $$"))
    await this.#raw.until('N', notices + 1)
  }

  async flood(): Promise<void> {
    this.#raw.keeps = tag => tag !== 'D'
    this.#raw.send(say.query("select generate_series(1, 1000000000), repeat('x', 1000)"))
    await this.#raw.until('T')
  }

  async pour(): Promise<{ taken(): number; stop(): void }> {
    this.#raw.send(say.query('copy poured from stdin'))
    await this.#raw.until('G')
    const { stream } = this.#raw
    const line = say.copyData(`${'x'.repeat(8191)}\n`)
    let taken = 0
    let stopped = false
    const more = (): void => {
      do {
        if (stopped || stream.destroyed) return
        taken += line.length
      } while (stream.write(line))
      stream.once('drain', more)
    }
    more()
    return {
      taken: () => taken,
      stop: () => {
        stopped = true
      },
    }
  }

  async say(messages: readonly Buffer[]): Promise<void> {
    this.#raw.send(...messages)
  }

  pause(): void {
    this.#raw.stream.pause()
  }

  resume(): void {
    this.#raw.stream.resume()
  }

  hangUp(): void {
    this.#raw.stream.end()
    this.#raw.stream.resume()
  }

  reset(): void {
    this.#raw.socket.resetAndDestroy()
  }

  #answers(tag: string): number {
    return this.#raw.received.filter(one => one.tag === tag).length
  }
}

/** What a person reads of an ErrorResponse or NoticeResponse: message, detail, hint. */
function words({ body }: RawMessage): string {
  const fields = body.toString('utf8').split('\0')
  return fields
    .filter(field => /^[MDH]/.test(field))
    .map(field => field.slice(1))
    .join(' ')
}
