import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { loadConfig } from '../server/config/load-config.ts'
import { vaultKeyFile } from '../server/open-store.ts'
import { type RunningServer, startServer } from '../server/start-server.ts'
import { systemClock } from '../server/system-clock.ts'
import { makeAuthority, makeLeaf } from '../server/tls/certificates.ts'
import { createVaultKey } from '../store/file/vault-key.ts'
import { psqlEnvironment } from './engineer.ts'
import { connectionSheet } from './ask.ts'
import { preferred } from './free-port.ts'
import { missingForHost, type SandboxHost, startSandboxHost } from './host.ts'
import { raiseIncident } from './incident.ts'
import { runMainJob } from './main-job.ts'
import { prepareOrders } from './orders-database.ts'
import { writeOrganisation } from './organisation.ts'
import { type Actor, enrol } from './people.ts'
import { type SandboxPostgres, startSandboxPostgres } from './postgres.ts'
import { startReceiver } from './receiver.ts'
import { Timeline } from './timeline.ts'

export interface SandboxOptions {
  /** Replaced by a fresh one at each run. */
  readonly folder: string
  /** How long the two grants last under which ana works: both are waited for. */
  readonly seconds: number
  /** Stop after the timeline instead of staying up. */
  readonly exit: boolean
  readonly version: string
}

/** Sets acme up on a real PostgreSQL and, where there is one, a real sshd, runs the main job once, then stays for whoever wants to try. */
export async function runSandbox(options: SandboxOptions): Promise<void> {
  const folder = resolve(options.folder)
  rmSync(folder, { recursive: true, force: true })
  const timeline = new Timeline()
  const undo: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  const interrupted = new Promise<void>(done => {
    process.once('SIGINT', () => done())
    process.once('SIGTERM', () => done())
  })
  try {
    timeline.heading(
      'Setting up acme: a production database, a web server, three people, a receiver of alerts.',
    )
    const home = mkdtempSync(join(tmpdir(), 'breakglass-sandbox-'))
    chmodSync(home, 0o711)
    undo.push(() => rmSync(home, { recursive: true, force: true }))
    const began = performance.now()
    const authority = await makeAuthority('acme databases', Date.now())
    const leaf = await makeLeaf(authority, ['localhost', '127.0.0.1'], Date.now())
    const database = await startSandboxPostgres(join(home, 'orders'), secret(), {
      certificate: leaf.pem,
      key: leaf.key,
    })
    undo.push(() => database.stop())
    timeline.step(`${database.version} with TLS on 127.0.0.1:${database.port}`, performance.now() - began)

    const host = await hostIn(join(home, 'web-1'), timeline)
    if (host) undo.push(() => host.stop())

    const secrets = { target: secret(), pager: webhookSecret(), alerts: webhookSecret() }
    const receiver = await startReceiver(secrets.alerts)
    const second = await startReceiver(secrets.alerts)
    undo.push(
      () => receiver.close(),
      () => second.close(),
    )
    const caFile = join(folder, 'orders-db-ca.pem')
    const file = writeOrganisation(
      {
        folder,
        ports: { api: await preferred(7070), postgres: await preferred(7432), ssh: await preferred(7022) },
        target: { port: database.port, caFile },
        host,
        alerts: { security: receiver.url, pager: second.url },
      },
      secrets,
    )
    writeFileSync(caFile, authority.pem)
    const config = loadConfig(file)
    await createVaultKey({ file: vaultKeyFile(config.keys), data: config.data })
    const clock = systemClock()
    const starting = performance.now()
    const server = await startServer({ config, version: options.version, clock, log: quiet })
    undo.push(() => server.close())
    timeline.step(
      `breakglass on ${server.url}, gateway on 127.0.0.1:${config.listen.protocols.postgres?.port}`,
      performance.now() - starting,
    )
    await prepareOrders(database, secrets.target, () => server.planOf('orders-db'))
    timeline.step('the owner of the database runs what `breakglass target plan orders-db` prints')
    if (host) {
      host.trust(server.planOf('web-1'))
      timeline.step('the owner of web-1 lets it trust the authority that `target plan web-1` prints')
    }

    const people = await enrolAll(server, clock, {
      url: server.url,
      pagerSecret: secrets.pager,
      timeline,
      terminals: join(folder, 'terminals'),
    })
    const stage = {
      url: server.url,
      folder,
      seconds: options.seconds,
      ...people,
      receiver,
      pagerSecret: secrets.pager,
      timeline,
      host,
      target: (sql: string) => ask(database, sql),
    }
    await acceptProcedures(stage.mara, timeline)
    await runMainJob(stage)

    if (!options.exit) {
      await invite(stage, server)
      await interrupted
    }
    timeline.heading('Stopping.')
    await close()
    console.log(`The evidence stays: npx breakglass ledger verify ${join(options.folder, 'data')}`)
  } catch (error) {
    await close()
    throw error
  }
}

interface Beginning {
  readonly url: string
  readonly pagerSecret: string
  readonly timeline: Timeline
  /** Where the terminals of the people keep their state. */
  readonly terminals: string
}

/** The incident comes as soon as ana is known, so that it has aged by the time she asks. */
async function enrolAll(server: RunningServer, clock: ReturnType<typeof systemClock>, at: Beginning) {
  const began = performance.now()
  const ana = await enrol(server, clock, 'ana', 'Ana Ruiz', ['payments-oncall'], at.terminals)
  await raiseIncident(at)
  const mara = await enrol(server, clock, 'mara', 'Mara Lindqvist', ['incident-commanders'], at.terminals)
  const priya = await enrol(server, clock, 'priya', 'Priya Nair', ['security'], at.terminals)
  at.timeline.step(
    'ana, mara and priya enrol: password (argon2id) and authenticator app',
    performance.now() - began,
  )
  return { ana, mara, priya }
}

async function acceptProcedures(mara: Actor, timeline: Timeline): Promise<void> {
  const client = await mara.signIn()
  const began = performance.now()
  const { offered } = await client.get<{ offered?: { digest: string } }>('/v1/policy')
  if (offered) await client.post('/v1/policy/accept', { digest: offered.digest })
  timeline.step('mara, who owns the procedures, accepts them by digest', performance.now() - began)
}

async function ask(database: SandboxPostgres, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: database.port,
    user: 'postgres',
    password: database.password,
    database: 'orders',
  })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** Leaves doors open for the reader: a grant of half an hour for each target, a line that uses it, and a link for each of the three people. */
async function invite(
  stage: {
    ana: Actor
    mara: Actor
    priya: Actor
    folder: string
    host: SandboxHost | undefined
    timeline: Timeline
  },
  server: RunningServer,
): Promise<void> {
  const client = await stage.ana.signIn()
  const open = (target: string) =>
    client.post<{ id: string; ends_at?: string }>('/v1/grants', {
      target,
      reason: 'the sandbox, for whoever tries it',
    })
  const grant = await open('orders-db')
  const sheet = await connectionSheet(stage, client, grant)
  const until = new Date(grant.ends_at ?? 0).toISOString().slice(11, 19)
  stage.timeline.heading(`Your turn. Ana's next grants are open until ${until} UTC:`)
  console.log(`  ${words(psqlEnvironment(sheet))} psql`)
  const terminal = words(stage.ana.terminal)
  if (stage.host) {
    await open('web-1')
    console.log(`  ${terminal} npx breakglass connect web-1`)
  }
  stage.timeline.heading('What she does on the command line, and what security sees:')
  console.log(`  ${terminal} npx breakglass grants`)
  await stage.priya.signIn()
  console.log(`  ${words(stage.priya.terminal)} npx breakglass sessions`)
  stage.timeline.heading('Become one of them (a link works once; add a passkey there):')
  for (const actor of [stage.ana, stage.mara, stage.priya]) {
    const person = server.identity.personOf(actor.handle)
    if (!person) continue
    const { link } = await server.identity.issueEnrolment({ person })
    console.log(`  ${actor.handle.padEnd(6)} ${link}`)
  }
  console.log('\nEnd with Ctrl-C.')
}

function words(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

async function hostIn(folder: string, timeline: Timeline): Promise<SandboxHost | undefined> {
  const missing = missingForHost()
  if (missing !== undefined) {
    timeline.step(`no web server: ${missing}; the rest goes on`)
    return undefined
  }
  const began = performance.now()
  const host = await startSandboxHost(folder)
  timeline.step(`${host.version} on 127.0.0.1:${host.port}, as ${host.account}`, performance.now() - began)
  return host
}

function secret(): string {
  return randomBytes(18).toString('base64url')
}

function webhookSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`
}

/** The sandbox tells its own story; only what went wrong is added. */
function quiet(level: string, message: string, facts?: Readonly<Record<string, unknown>>): void {
  if (level === 'error') console.error(`            ! ${message} ${JSON.stringify(facts ?? {})}`)
}
