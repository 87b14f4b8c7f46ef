import { once } from 'node:events'
import { addAbortSignal, type Duplex } from 'node:stream'
import { Fault } from '../../../kernel/faults.ts'
import { Passage } from '../../../target/passage.ts'
import type { TargetConnection } from '../../../target/protocol.ts'
import type { PostgresClient } from '../login/client.ts'
import { cancelRequest } from '../messages/encode.ts'
import { readSettings, type PostgresSettings } from '../administration/settings.ts'
import { linkTarget, type TargetLink, unreachable } from './target-link.ts'
import { loginAtTarget, type Greeting } from './target-login.ts'

const CANCEL_MS = 5000

/** A connection at the target under the grant's login, ready for its first query. */
export class PostgresTarget implements TargetConnection {
  readonly stream: Duplex
  readonly greeting: Greeting
  readonly facts: Readonly<Record<string, string | number>>
  readonly settings: PostgresSettings
  readonly database: string

  constructor(link: TargetLink, greeting: Greeting, settings: PostgresSettings, database: string) {
    this.stream = link.stream
    this.database = database
    this.greeting = greeting
    this.settings = settings
    this.facts = {
      database,
      version: greeting.parameters.get('server_version') ?? '',
      pid: greeting.pid,
      protocol: `3.${greeting.protocol & 0xffff}`,
      tls: link.certificate === undefined ? 'off' : 'on',
    }
  }

  /**
   * Asks the target to cancel what this connection runs, on a connection of its own. Settles when the target closed it: what
   * is asked after that is not cancelled any more. A target that cannot be reached is waited for five seconds, without a fault.
   */
  async cancel(): Promise<void> {
    const { pid, cancelKey } = this.greeting
    const patience = AbortSignal.timeout(CANCEL_MS)
    try {
      const { stream, socket } = await linkTarget(this.settings, patience)
      addAbortSignal(patience, socket)
      stream.resume()
      // The server closes when it has signalled; our end first would end TLS before it could.
      stream.write(cancelRequest(pid, cancelKey))
      await once(socket, 'close')
    } catch {
      // Who cancels is told nothing, as the server does.
    }
  }

  close(): void {
    this.stream.destroy()
  }
}

/** See `Protocol.dial`. The settings the client chose at its start go along; who it is and where it goes do not come from it. */
export async function dial(
  passage: Passage,
  client: PostgresClient,
  timeoutMs: number,
): Promise<PostgresTarget> {
  if (!Passage.is(passage)) throw new Fault('internal', 'no connection without a passage')
  const settings = readSettings(passage.target)
  const database = chosen(client.database, settings)
  const given = givenUp(client.closed, timeoutMs)
  try {
    return await dialUntil(given.signal, settings, database, passage, client)
  } finally {
    given.settled()
  }
}

const GONE = new Error('the client is gone')

/** Aborted when the client leaves or the time is over; after `settled` nothing of it stays with the client's connection. */
function givenUp(closed: AbortSignal, timeoutMs: number): { signal: AbortSignal; settled: () => void } {
  const controller = new AbortController()
  const gone = (): void => controller.abort(GONE)
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  closed.addEventListener('abort', gone, { once: true })
  if (closed.aborted) gone()
  return {
    signal: controller.signal,
    settled() {
      clearTimeout(timer)
      closed.removeEventListener('abort', gone)
    },
  }
}

async function dialUntil(
  signal: AbortSignal,
  settings: PostgresSettings,
  database: string,
  passage: Passage,
  client: PostgresClient,
): Promise<PostgresTarget> {
  const link = await linkTarget(settings, signal)
  const abandon = () => link.socket.destroy()
  signal.addEventListener('abort', abandon, { once: true })
  try {
    const parameters = {
      ...client.settings,
      database,
      client_encoding: 'UTF8',
      application_name: client.application,
      options: '-c standard_conforming_strings=on',
    }
    const greeting = await loginAtTarget(link, settings, passage.login, parameters)
    if (signal.aborted) throw unreachable(settings, signal.reason)
    return new PostgresTarget(link, greeting, settings, database)
  } catch (cause) {
    link.socket.destroy()
    throw cause instanceof Fault && cause.code !== 'protocol.violation'
      ? cause
      : new Fault('target.misconfigured', 'the target answered the login with something else', {
          next: 'Check that `address` is a PostgreSQL server.',
          cause,
        })
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}

/** The database a client named, if it is one of the target's; the first one when it named none. */
function chosen(named: string, { databases }: PostgresSettings): string {
  if (named === '') return databases[0]
  if (databases.includes(named)) return named
  const [only, ...others] = databases
  throw new Fault(
    'input.invalid',
    others.length === 0
      ? `this login is for the database "${only}" only`
      : `this login is for the databases ${databases.map(name => `"${name}"`).join(', ')} only`,
    {
      next: `Connect with dbname=${databases.join(' or dbname=')}; without a name you get "${only}".`,
    },
  )
}
