import type { SecureContext } from 'node:tls'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { Target } from '../kernel/target.ts'
import type { Grant } from '../grant/grant.ts'
import { endsAt, loginsToEnd } from '../grant/grant.ts'
import type { EndReason } from '../grant/grant.ts'
import { grants } from '../grant/slice.ts'
import type { Secrets } from '../identity/secrets.ts'
import type { Journal } from '../journal/journal.ts'
import { startReactor } from '../journal/reactor.ts'
import type { SessionLog } from '../recording/session-log.ts'
import type { SessionEnd } from '../target/action.ts'
import type { Protocol } from '../target/protocol.ts'
import { ClientCredentials } from './client-credential.ts'
import { watchDeadlines } from './deadlines.ts'
import { DormantLogins } from './dormant-logins.ts'
import { type Listener, listen } from './listen.ts'
import { LiveSessions } from './live-sessions.ts'
import type { SessionDeps } from './run-session.ts'
import { TargetLogins } from './target-logins.ts'

export interface GatewayOptions {
  readonly clock: Clock
  readonly journal: Journal
  readonly sessions: SessionLog
  readonly secrets: Secrets
  readonly protocols: readonly Protocol[]
  readonly targets: ReadonlyMap<string, Target>
  readonly tls: () => SecureContext
  readonly loginTimeoutMs?: number
  readonly failedLogin: SessionDeps['failedLogin']
  /** Evidence cannot be written: whom to tell. Sessions have ended by themselves. */
  readonly evidenceFailed: SessionDeps['evidenceFailed']
  /** Errors nobody waits for. */
  readonly onError: (error: unknown, where: string) => void
}

export interface Gateway {
  readonly credentials: ClientCredentials
  readonly live: LiveSessions
  listen(protocol: string, host: string, port: number): Promise<Listener>
  /** Ends everything under the grant at once; resolves when its sessions are closed. The target is cleaned up behind it. */
  cut(grant: Grant, reason: EndReason): Promise<void>
  /** Ends every session without ending a grant: evidence failed, or the process stops. */
  cutAll(end: SessionEnd): Promise<void>
  /** Begins expiry, warnings and clean-up; `expire` records the end of a grant whose time is over. */
  start(expire: (grant: Grant) => Promise<void>): void
  close(): Promise<void>
}

export function createGateway(options: GatewayOptions): Gateway {
  const { clock, journal, sessions } = options
  const live = new LiveSessions()
  const credentials = new ClientCredentials(journal, options.secrets)
  const target = (name: string): Target => {
    const found = options.targets.get(name)
    if (!found) throw new Fault('target.unknown', `The target ${name} is not configured any more.`)
    return found
  }
  const protocol = ({ protocol: name }: Target): Protocol => {
    const found = options.protocols.find(candidate => candidate.name === name)
    if (!found) throw new Fault('target.misconfigured', `No protocol ${name} is built in.`)
    return found
  }
  const dormant = new DormantLogins(journal, options.secrets, {
    targets: options.targets,
    installed: at => options.protocols.find(({ name }) => name === at.protocol)?.dormant,
  })
  const logins = new TargetLogins(journal, { target, protocol }, dormant)
  const listeners: Listener[] = []
  const stops: (() => void)[] = []

  const finding = (rule: string, grantId: string, facts: Record<string, string>): void => {
    journal
      .execute(state => {
        const grant = state.get(grants, grantId)
        if (!grant) return { events: [], result: undefined }
        const { person, target: where } = grant
        const data = { grant: grantId, rule }
        return {
          events: [
            { type: 'finding.raised', subject: person, target: where, data, payload: facts, seal: person },
          ],
          result: undefined,
        }
      })
      .catch((error: unknown) => options.onError(error, `finding ${rule}`))
  }

  const deps: SessionDeps = {
    clock,
    journal,
    sessions,
    credentials,
    logins,
    live,
    target,
    get tls() {
      return options.tls()
    },
    loginTimeoutMs: options.loginTimeoutMs ?? 10_000,
    failedLogin: options.failedLogin,
    finding,
    evidenceFailed: options.evidenceFailed,
    onError: options.onError,
  }

  return {
    credentials,
    live,
    async listen(name, host, port) {
      const speaking = options.protocols.find(candidate => candidate.name === name)
      if (!speaking) throw new Fault('config.invalid', `No protocol ${name} is built in.`)
      const listener = await listen({ host, port, protocol: speaking, deps })
      listeners.push(listener)
      return listener
    },
    async cut(grant, reason) {
      const closing = live.closeGrant(grant.id, sessionEnd(grant, reason, clock.now().wall))
      // Behind the cut, and again by the reactor below if the target is away.
      logins.retire(grant).catch((error: unknown) => options.onError(error, `clean-up of ${grant.target}`))
      await closing
    },
    async cutAll(end) {
      const open = [...live.all()]
      for (const session of open) session.end(end)
      await Promise.all(open.map(session => session.closed))
    },
    start(expire) {
      logins
        .terminateOrphans()
        .catch((error: unknown) => options.onError(error, 'what a crash left at the targets'))
      const expiring = new Set<string>()
      const deadlines = watchDeadlines({
        clock,
        state: journal.state,
        live,
        lastLogged: () => journal.lastLogged(),
        expire: grant => {
          if (expiring.has(grant.id)) return
          expiring.add(grant.id)
          expire(grant)
            .catch((error: unknown) => options.onError(error, `expiry of ${grant.id}`))
            .finally(() => expiring.delete(grant.id))
        },
      })
      const cleaning = startReactor<Grant>({
        name: 'target-logins',
        journal,
        *due(state) {
          for (const grant of state.hot(grants)) {
            if (grant.state !== 'active' && loginsToEnd(grant).length > 0) yield grant
          }
        },
        key: grant => grant.id,
        handle: grant => logins.retire(grant),
        onError: (error, name, key) => options.onError(error, `${name} ${key}`),
      })
      const arming = dormant.keepArmed((error, name, key) => options.onError(error, `${name} ${key}`))
      stops.push(
        () => arming.stop(),
        () => deadlines.stop(),
        () => cleaning.stop(),
      )
    },
    async close() {
      for (const stop of stops) stop()
      await Promise.all(listeners.map(listener => listener.close()))
      await logins.close()
    },
  }
}

const ENDINGS: Readonly<Record<EndReason, string>> = {
  expired: 'access ended by itself: its time is over',
  revoked: 'access was revoked',
  completed: 'access was closed by its owner',
  locked: 'access was locked',
  disabled: 'access ended: the person was disabled',
  incident_resolved: 'access ended: the incident is resolved',
}

function sessionEnd(grant: Grant, reason: EndReason, now: number): SessionEnd {
  const at = new Date(Math.min(now, endsAt(grant) ?? now)).toISOString().slice(11, 19)
  return {
    reason,
    text: `breakglass: ${ENDINGS[reason]} (${at} UTC). Ask again with: breakglass open ${grant.target}`,
  }
}
