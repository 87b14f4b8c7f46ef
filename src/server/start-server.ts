import { createDirectAlerts } from '../alert/alert-directly.ts'
import { confirmed } from '../alert/confirmed.ts'
import { startDelivery } from '../alert/deliver.ts'
import { alertSlices } from '../alert/slices.ts'
import { everyChannel } from '../alert/routes.ts'
import { createApp } from '../api/app.ts'
import { serveApi } from '../api/serve.ts'
import { erasures } from '../evidence/erasures.ts'
import { eraseEvidence } from '../evidence/erasing.ts'
import { exportEvidence } from '../evidence/export.ts'
import { finishErasures } from '../evidence/finish-erasures.ts'
import { dormantLogins } from '../gateway/dormant-state.ts'
import { createGateway, type Gateway } from '../gateway/gateway.ts'
import { keepGrants } from '../grant/advance.ts'
import { createGrants } from '../grant/grants.ts'
import { locks } from '../grant/locks.ts'
import type { GrantPorts } from '../grant/ports.ts'
import { grants, loginNames } from '../grant/slice.ts'
import { createIdentity, identitySlices } from '../identity/create-identity.ts'
import { people } from '../identity/people.ts'
import { incidentRecord } from '../incident/incident-record.ts'
import { createIncidents } from '../incident/incidents.ts'
import { incidentNames, incidents } from '../incident/slice.ts'
import type { Journal } from '../journal/journal.ts'
import { openJournal } from '../journal/open-journal.ts'
import type { Reactor } from '../journal/reactor.ts'
import type { Slice } from '../journal/slice.ts'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import { procedureSets } from '../policy/acceptance.ts'
import { createInspector, createPostgresProtocol } from '../protocols/postgres/index.ts'
import { createSshProtocol } from '../protocols/ssh/index.ts'
import { createRecordings } from '../recording/recordings.ts'
import { openSessionLog } from '../recording/session-log.ts'
import { keepReviews } from '../review/keep-reviews.ts'
import { overdueFor } from '../review/overdue-for.ts'
import { createReviews } from '../review/reviews.ts'
import { reviews } from '../review/slice.ts'
import type { SessionEnd } from '../target/action.ts'
import { includes } from '../grant/people.ts'
import { anchors, anchorSessions } from './anchor-sessions.ts'
import type { Config } from './config/config.ts'
import { clientHost, originsOf, routesOf, sourcesOf } from './from-config.ts'
import { destructionOf, evidenceSources } from './evidence-desk.ts'
import { firstStart, type Welcome } from './first-start.ts'
import { createLedgerDesk } from './ledger-desk.ts'
import { startAnchoring } from './anchoring/keep-anchored.ts'
import { createMetrics } from './metrics.ts'
import { startWitnessing } from './witnessing/start-witnessing.ts'
import { witnessRecords } from './witnessing/witness-slice.ts'
import { CONTROL_LOG, openStore, SESSION_LOG, type Store } from './open-store.ts'
import { type LogLine, logLine } from './log-line.ts'
import { logPolicy } from './log-policy.ts'
import { createPolicyDesk } from './policy-desk.ts'
import { createSshKeyDesk } from './ssh/key-desk.ts'
import { hostKeysOf, sshOptions } from './ssh/key-users.ts'
import { knownSshKeys } from './ssh/known-keys.ts'
import { openSshKeys } from './ssh/open-keys.ts'
import { createTargetDesk, type Listening } from './target-desk.ts'
import { systemClock } from './system-clock.ts'
import { openServerTls } from './tls/server-tls.ts'

export interface ServerOptions {
  readonly config: Config
  readonly version: string
  /** Tests bring one that they can move. */
  readonly clock?: Clock
  /** Lets native clients of this machine connect without TLS: for benches, which compare with relays that have none. */
  readonly plaintextFromLoopback?: boolean
  /** One line per thing an operator should know; default: standard error as JSON lines. */
  readonly log?: LogLine
}

export interface RunningServer {
  readonly url: string
  readonly ports: { readonly api: number; readonly protocols: ReadonlyMap<string, number> }
  readonly caPem: string
  readonly journal: Journal
  readonly identity: Awaited<ReturnType<typeof createIdentity>>
  readonly grants: ReturnType<typeof createGrants>
  readonly gateway: Gateway
  readonly store: Store
  /** What the owner of a target runs once. Fault `target.unknown`. */
  planOf(target: string): string
  /** Enrolment links of the owners, at the very first start only. */
  readonly welcome: Welcome | undefined
  /** Ends sessions with a native message, writes what is owed, leaves a clean stop. */
  close(): Promise<void>
}

const SHUTDOWN: SessionEnd = {
  reason: 'shutdown',
  text: 'breakglass: the gateway stops. Connect again in a moment; the grant goes on.',
}
const NO_EVIDENCE: SessionEnd = {
  reason: 'evidence',
  text: 'breakglass: what happens here cannot be recorded at present, so this session ends.',
}

/** The only place that knows every driver. Rises floor by floor and is torn down in reverse order when a floor fails. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, version } = options
  const clock = options.clock ?? systemClock()
  const log = options.log ?? logLine()
  const report = (error: unknown, where: string): void =>
    log('error', where, { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })
  const undo: (() => void | Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) {
      await Promise.resolve(step()).catch((error: unknown) => report(error, 'stopping'))
    }
  }

  try {
    const store = await openStore({ config, clock, version })
    undo.push(() => store.close())
    const slices = [
      ...identitySlices,
      procedureSets,
      incidents,
      incidentNames,
      grants,
      loginNames,
      dormantLogins,
      locks,
      ...alertSlices,
      reviews,
      anchors,
      witnessRecords,
      erasures,
      knownSshKeys,
    ] as readonly Slice<unknown>[]
    const journal = await openJournal({ log: store.control, keys: store.keys, clock, slices })
    const sessions = await openSessionLog(store.sessions, store.keys)
    undo.push(() => sessions.close())
    const tls = await openServerTls({
      folder: config.keys,
      organisation: config.organisation,
      names: config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname],
      now: () => clock.now().wall,
      onTrouble: error => report(error, 'renewal of the certificate'),
    })
    undo.push(() => tls.close())

    const origin = config.publicUrl ?? `http://localhost:${config.listen.api.port}`
    const identity = await createIdentity({
      journal,
      secrets: store.vault,
      clock,
      origin,
      rpId: new URL(origin).hostname,
      organisation: config.organisation,
      report: error => report(error, 'identity'),
    })
    undo.push(() => identity.close())
    const handleOf = (person: PersonId): string | undefined => identity.handleOf(person)
    const personOf = (handle: string): PersonId | undefined => identity.personOf(handle)

    const routes = routesOf(config)
    const direct = createDirectAlerts(config.organisation, () => everyChannel(routes))
    const unlogged = (what: string, facts: Record<string, string>): void => {
      report(new Error(what), 'unlogged')
      void direct.alertDirectly('unlogged', what, facts)
    }
    const policy = await createPolicyDesk({
      config,
      journal,
      secrets: store.vault,
      identity,
      onAlert: text => log('warn', text),
    })
    const { targets } = config
    const inspector = createInspector()
    undo.push(() => inspector.close())
    const ssh = config.listen.protocols.ssh && (await openSshKeys(config.keys, journal))
    const protocols = [
      createPostgresProtocol({ inspector, plaintextFromLoopback: options.plaintextFromLoopback ?? false }),
      ...(ssh ? [createSshProtocol(sshOptions(ssh, clock))] : []),
    ]
    for (const target of targets.values()) {
      protocols.find(({ name }) => name === target.protocol)?.checkSettings(target)
    }

    const gateway = createGateway({
      clock,
      journal,
      sessions,
      secrets: store.vault,
      protocols,
      targets,
      tls: () => tls.context,
      failedLogin: (login, remote, why) => log('warn', 'native login refused', { login, remote, why }),
      evidenceFailed: (error, session) => {
        report(error, `evidence of ${session}`)
        void direct.alertDirectly(
          'evidence_failed',
          'A session ended because its record cannot be written.',
          { session },
        )
      },
      onError: report,
    })
    undo.push(() => gateway.close())

    const ports: GrantPorts = {
      journal,
      procedures: () => policy.set(),
      target: name => targets.get(name),
      handleOf,
      personOf,
      personEnabled: (state, person) => state.get(people, person)?.disabled === false,
      incidentRecord: stored => incidentRecord(stored, handleOf),
      duty: (state, person, now) => {
        const owed = overdueFor(state, person, now.wall)
        if (owed.length === 0) return undefined
        return {
          why: `${owed.length === 1 ? 'a review' : `${owed.length} reviews`} of the requester's grants ${owed.length === 1 ? 'is' : 'are'} overdue`,
          next: 'Have them completed first: `breakglass reviews`.',
        }
      },
      alerted: confirmed,
      roles: config.roles,
      cut: (grant, reason) => gateway.cut(grant, reason),
      unlogged,
    }
    const grantOperations = createGrants(ports)
    await gateway.credentials.sweep(clock.now().wall)

    const logs = [store.control, store.sessions]
    for (const running of logs) {
      running.onTrouble((trouble, why) => {
        if (trouble === undefined) {
          log('info', `the log ${running.name} takes entries again`)
          return
        }
        report(why ?? new Error(trouble), `the log ${running.name}`)
        void gateway.cutAll(NO_EVIDENCE)
        void direct.alertDirectly(
          `ledger_${trouble}`,
          trouble === 'full'
            ? `${why?.message ?? ''} All sessions were ended, nobody gets in until it takes entries again. ${why?.next ?? ''}`
            : `${why?.message ?? ''} All sessions were ended, nobody gets in until a restart. ${why?.next ?? ''}`,
          Object.fromEntries(
            Object.entries({ ...why?.facts, log: running.name }).map(([name, fact]) => [name, fact]),
          ),
        )
      })
    }

    const witnessed = await startWitnessing({
      config,
      version,
      logs,
      journal,
      clock,
      log,
      shout: (type, text, facts) => void direct.alertDirectly(type, text, facts),
      onError: report,
    })
    undo.push(() => witnessed?.stop())
    const anchored = await startAnchoring({
      config,
      version,
      logs,
      journal,
      clock,
      log,
      newest: name => witnessed?.witnessed(name),
      onError: report,
    })
    undo.push(() => anchored?.stop())

    const welcome = await firstStart({ config, journal, identity, version })
    await policy.start()

    gateway.start(grant =>
      grantOperations.endNow(grant.id, grant.shortened ? 'incident_resolved' : 'expired'),
    )
    const listening = new Map<string, Listening>()
    for (const protocol of protocols) {
      const at = config.listen.protocols[protocol.name]
      if (!at) continue
      const listener = await gateway.listen(protocol.name, at.host, at.port)
      listening.set(protocol.name, {
        host: clientHost(at.host, origin),
        port: listener.port,
        ...(protocol.name === 'ssh' && ssh && { hostKeys: () => hostKeysOf(ssh) }),
      })
    }

    const failing = (error: unknown, name: string, key: string): void => report(error, `${name} ${key}`)
    const erasing = finishErasures(journal, destructionOf(store.keys, identity), failing)
    const reactors: Reactor[] = [
      erasing,
      keepGrants(ports, (id, reason) => grantOperations.endNow(id, reason), failing),
      keepReviews(journal, failing),
    ]
    undo.push(() => {
      for (const reactor of reactors) reactor.stop()
    })
    const delivery = startDelivery({
      journal,
      routes,
      naming: {
        organisation: config.organisation,
        handleOf,
        payload: index => journal.payload(index),
        linkTo: path => `${origin}${path}`,
      },
      onError: error => report(error, 'alerts'),
    })
    undo.push(() => delivery.stop())
    const anchoring = anchorSessions(journal, store.sessions, error => report(error, 'anchor'))
    undo.push(async () => {
      anchoring.stop()
      if (store.control.trouble === undefined) await anchoring.now()
    })
    undo.push(() => gateway.cutAll(SHUTDOWN))

    const trusted = (): Promise<string> => Promise.resolve(logPolicy(logs, witnessed?.policy))
    const evidence = {
      journal,
      control: store.control,
      sessions,
      keys: store.keys,
      software: `breakglass ${version}`,
      witnessed: (name: string) => witnessed?.witnessed(name),
      ...evidenceSources(store.vault, trusted),
    }
    const desk = createTargetDesk(targets, protocols, listening)
    const app = createApp({
      organisation: config.organisation,
      version,
      origins: originsOf(origin),
      caPem: tls.caPem,
      journal,
      identity,
      grants: grantOperations,
      credentials: gateway.credentials,
      incidents: createIncidents({ journal, handles: { handleOf, personOf }, sources: sourcesOf(config) }),
      reviews: createReviews(journal, by => includes(config.roles.audit, by)),
      recordings: createRecordings(sessions, journal),
      live: gateway.live,
      targets: desk,
      sshKeys: ssh && createSshKeyDesk(ssh, desk, () => clock.now()),
      policy,
      ledger: createLedgerDesk(logs, witnessed, trusted),
      metrics: createMetrics({ logs, witnessed, anchored }),
      evidence: {
        export: (reader, subject) => exportEvidence(evidence, reader, subject),
        erase: (by, of, reason) => {
          const { leastMs: retentionMs } = config.retention
          return eraseEvidence(
            { journal, sessions, keys: store.keys, retentionMs, finish: erasing },
            by,
            of,
            reason,
          )
        },
      },
      roles: config.roles,
      health: () => ({
        ok: store.control.trouble === undefined && store.sessions.trouble === undefined,
        facts: {
          [CONTROL_LOG]: store.control.trouble ?? 'ok',
          [SESSION_LOG]: store.sessions.trouble ?? 'ok',
          live_sessions: [...gateway.live.all()].length,
        },
      }),
      onInternal: report,
    })
    const http = await serveApi({ fetch: app.fetch, ...config.listen.api })
    undo.push(() => http.close())

    return {
      url: origin,
      ports: { api: http.port, protocols: new Map([...listening].map(([name, { port }]) => [name, port])) },
      caPem: tls.caPem,
      journal,
      identity,
      grants: grantOperations,
      gateway,
      store,
      welcome,
      planOf(name) {
        const target = desk.find(name)
        if (!target) throw new Fault('target.unknown', `There is no target ${name}.`)
        return desk.plan(target)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
