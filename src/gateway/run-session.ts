import type { Duplex } from 'node:stream'
import type { Clock } from '../kernel/clock.ts'
import { Fault, isFault } from '../kernel/faults.ts'
import { newId } from '../kernel/ids.ts'
import type { Target } from '../kernel/target.ts'
import { Authorization } from '../grant/authorization.ts'
import type { Journal } from '../journal/journal.ts'
import type { SessionLog } from '../recording/session-log.ts'
import type { SessionWriter } from '../recording/session-writer.ts'
import type { SessionEnd } from '../target/action.ts'
import type { ClientConnection, LoginDesk, Protocol, TargetConnection } from '../target/protocol.ts'
import type { ClientCredentials } from './client-credential.ts'
import type { LiveSession, LiveSessions } from './live-sessions.ts'
import { openPassage } from './passage.ts'
import { SessionGuard } from './session-guard.ts'
import type { TargetLogins } from './target-logins.ts'

export interface SessionDeps {
  readonly clock: Clock
  readonly journal: Journal
  readonly sessions: SessionLog
  readonly credentials: ClientCredentials
  readonly logins: TargetLogins
  readonly live: LiveSessions
  readonly target: (name: string) => Target
  readonly tls: LoginDesk['tls']
  readonly loginTimeoutMs: number
  /** A proof that failed at the door: summarised, not one event each. */
  readonly failedLogin: (login: string, remote: string, why: string) => void
  /** Something unusual that a person should look at. */
  readonly finding: (rule: string, grant: string, facts: Record<string, string>) => void
  readonly evidenceFailed: (error: unknown, session: string) => void
  readonly onError: (error: unknown, session: string) => void
}

/**
 * The order of every session, whatever its protocol (DESIGN §4):
 * read login → who → authorize → record → dial (Authorization + Receipt) → relay → record the end.
 * Never throws; a failure costs this connection only.
 */
export async function runSession(
  stream: Duplex,
  /** Address of the client. */
  remote: string,
  protocol: Protocol,
  deps: SessionDeps,
  /** Called when the login is over, one way or the other: the connection is no stranger any more. */
  introduced: () => void,
): Promise<void> {
  const client = await protocol
    .readLogin(stream, remote, {
      tls: deps.tls,
      timeoutMs: deps.loginTimeoutMs,
      verifier: async login => (await deps.credentials.find(login))?.verifier,
      publicKey: async login => (await deps.credentials.find(login))?.publicKey,
      failed: deps.failedLogin,
    })
    .finally(introduced)
  if (!client) return
  let running: Running | undefined
  let end: SessionEnd | undefined
  try {
    const authorization = await admit(client, protocol, deps)
    running = await begin(client, protocol, authorization, deps)
    const target = await dial(client, protocol, running, deps)
    end = await protocol.relay(client, target, running.guard)
  } catch (error) {
    end = await refuse(client, running, error, deps)
  } finally {
    if (running) await finish(running, end, deps)
  }
}

interface Running {
  readonly grant: string
  readonly writer: SessionWriter
  readonly guard: SessionGuard
  readonly live: LiveSession
  readonly closed: () => void
}

async function admit(
  client: ClientConnection,
  protocol: Protocol,
  deps: SessionDeps,
): Promise<Authorization> {
  const credential = await deps.credentials.find(client.login)
  if (!credential) throw new Fault('session.refused', 'This login is not known.')
  const authorization = Authorization.authorize(
    deps.journal.state,
    credential.grant,
    undefined,
    deps.clock.now(),
  )
  if (authorization instanceof Fault) {
    deps.finding('ended_login_used', credential.grant, { remote: client.remote, login: client.login })
    throw authorization
  }
  const { grant } = authorization
  const over = deps.live.over(grant.id)
  if (over) throw new Fault('session.ended', over.text)
  if (deps.target(grant.target).protocol !== protocol.name)
    throw new Fault(
      'session.refused',
      `This grant is for ${grant.target}, which does not speak ${protocol.name}.`,
    )
  if (!grant.terms.anyAddress) {
    await deps.credentials.bind(client.login, client.remote).catch((error: unknown) => {
      if (isFault(error, 'session.refused'))
        deps.finding('secret_from_other_address', grant.id, { remote: client.remote, login: client.login })
      throw error
    })
  }
  const limit = grant.terms.limits.sessions
  if (deps.live.count(grant.id) >= limit)
    throw new Fault('grant.limit', `This grant has ${limit} sessions open, the most it may have.`, {
      next: 'Close one first.',
    })
  return authorization
}

async function begin(
  client: ClientConnection,
  protocol: Protocol,
  authorization: Authorization,
  deps: SessionDeps,
): Promise<Running> {
  const { grant } = authorization
  const { terms } = grant
  const session = newId('session')
  const writer = await deps.sessions.begin({
    session,
    grant: grant.id,
    person: grant.person,
    target: grant.target,
    protocol: protocol.name,
    scope: grant.scope,
    evidence: terms.evidence,
    remote: client.remote,
    application: client.application,
  })
  const now = deps.clock.now()
  const guard = new SessionGuard({
    writer,
    clock: deps.clock,
    now,
    rules: {
      procedure: terms.procedure,
      refuse: terms.scope.refuse,
      writesPerStatement: terms.scope.writesPerStatement,
      mask: terms.scope.mask,
      rehearse: terms.scope.rehearse,
      host: terms.scope.host,
      evidence: terms.evidence,
      bindValues: terms.record.bindValues,
      resultBytes: terms.record.resultBytes,
    },
    evidenceFailed: error => deps.evidenceFailed(error, session),
    connection: stream => {
      runSession(stream, client.remote, protocol, deps, () => undefined).catch((error: unknown) => {
        deps.onError(error, session)
        stream.destroy()
      })
    },
  })
  let closed = (): void => undefined
  const live: LiveSession = {
    id: session,
    grant: grant.id,
    person: grant.person,
    openedAt: now,
    get ended() {
      return guard.ended
    },
    get lastSeen() {
      return guard.lastSeen
    },
    get held() {
      return guard.held
    },
    end: end => guard.end(end),
    notice: text => guard.notice(text),
    closed: new Promise(resolve => {
      closed = resolve
    }),
  }
  // From here on an end of the grant reaches this session, also while it is still dialling.
  deps.live.add(live)
  return { grant: grant.id, writer, guard, live, closed }
}

async function dial(
  client: ClientConnection,
  protocol: Protocol,
  running: Running,
  deps: SessionDeps,
): Promise<TargetConnection> {
  const login = await deps.logins.ensure(authorizeAgain(running, deps))
  // Creating the login took time: what was true before is asked again before the target is dialled.
  const authorization = authorizeAgain(running, deps)
  const target = deps.target(authorization.grant.target)
  const passage = openPassage(authorization, running.writer.opened, target, login, running.live.id)
  const connection = await protocol.dial(passage, client)
  if (running.guard.ended) {
    connection.close()
    throw new Fault('session.ended', running.guard.ended.text)
  }
  await running.writer.append('session.connected', {}, { ...connection.facts }).durable()
  return connection
}

function authorizeAgain(running: Running, deps: SessionDeps): Authorization {
  if (running.guard.ended) throw new Fault('session.ended', running.guard.ended.text)
  const authorization = Authorization.authorize(
    deps.journal.state,
    running.grant,
    undefined,
    deps.clock.now(),
  )
  if (authorization instanceof Fault) throw authorization
  return authorization
}

async function refuse(
  client: ClientConnection,
  running: Running | undefined,
  error: unknown,
  deps: SessionDeps,
): Promise<SessionEnd> {
  const fault =
    error instanceof Fault
      ? error
      : new Fault('internal', 'The gateway failed to open this session.', { cause: error })
  if (!(error instanceof Fault)) deps.onError(error, running?.live.id ?? '')
  await client.refuse(fault).catch(() => undefined)
  if (running?.guard.ended) return running.guard.ended
  return { reason: fault.code.startsWith('ledger.') ? 'evidence' : 'target', text: fault.message }
}

async function finish(running: Running, end: SessionEnd | undefined, deps: SessionDeps): Promise<void> {
  const last = running.guard.ended ?? end ?? { reason: 'violation', text: '' }
  if (end?.cause !== undefined) deps.onError(end.cause, running.live.id)
  running.guard.end(last)
  deps.live.remove(running.live)
  try {
    await running.writer.close({ reason: last.reason, ...running.guard.totals })
  } catch (error) {
    deps.evidenceFailed(error, running.live.id)
  } finally {
    running.closed()
  }
}
