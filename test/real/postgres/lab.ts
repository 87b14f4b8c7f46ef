import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { Client, type ClientConfig } from 'pg'
import type { Target } from '../../../src/kernel/target.ts'
import {
  createInspector,
  createPostgresProtocol,
  type PostgresOptions,
} from '../../../src/protocols/postgres/index.ts'
import type { Inspector } from '../../../src/protocols/postgres/inspect/inspector.ts'
import type { SessionRules } from '../../../src/target/action.ts'
import { type Door, type DoorSession, openDoor } from '../../../src/target/contract/door.suite.ts'
import { makePassage } from '../../../src/target/contract/made-passage.suite.ts'
import { makeVerifier } from '../../../src/target/contract/made-verifier.suite.ts'
import type { Passage } from '../../../src/target/passage.ts'
import type { LoginDesk, Protocol } from '../../../src/target/protocol.ts'
import {
  startPostgres,
  type PostgresOptions as ServerOptions,
  type PostgresServer,
} from '../servers/postgres.ts'
import type { RecordingGuard } from '../../../src/target/recording-guard.suite.ts'

export const LOGIN = 'bg_client'
export const SECRET = 'session-secret'

export interface LabOptions {
  readonly server?: ServerOptions
  readonly rules?: Partial<SessionRules>
  readonly target?: Partial<Target>
  readonly settings?: Readonly<Record<string, unknown>>
  readonly protocol?: Partial<PostgresOptions>
  /** SQL run as superuser in the database `shop` before the plan. */
  readonly schema?: string
  /** Taken instead of starting one. */
  readonly on?: PostgresServer
}

export interface Lab {
  readonly server: PostgresServer
  readonly target: Target
  readonly protocol: Protocol
  readonly inspector: Inspector
  readonly port: number
  readonly desk: Pick<LoginDesk, 'tls' | 'verifier' | 'publicKey'>
  readonly sessions: readonly DoorSession[]
  readonly failures: Door['failures']
  readonly ca: string
  readonly caFile: string
  readonly loginName: string
  /** The passage of the lab's one grant. */
  passage(over?: { scope?: string; remainingMs?: number; name?: string; target?: Target }): Passage
  guard(index?: number): RecordingGuard
  /** What the target said of itself when the last session reached it. */
  facts(): Readonly<Record<string, string | number>>
  /** A `pg` client through the gateway, connected. */
  client(config?: Partial<ClientConfig>): Promise<Client>
  /** As superuser, past the gateway. */
  admin(sql: string): Promise<Record<string, unknown>[]>
  /** psql through the gateway. */
  psql(sql: string | readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>
  run(command: string, args: readonly string[], env?: NodeJS.ProcessEnv, input?: string): Promise<Ran>
  environment(): NodeJS.ProcessEnv
  /** Applies to sessions that begin from now on. */
  prepareGuard(change: (guard: RecordingGuard) => void): void
  close(): Promise<void>
}

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const SCHEMA = `
  CREATE TABLE orders (id serial PRIMARY KEY, customer text, total numeric, card_number text);
  INSERT INTO orders (customer, total, card_number) SELECT 'c' || i, i, '4111-' || i FROM generate_series(1, 100) i;
`

/** A real server with a real gateway before it: everything of the protocol, only the decisions are the test's. */
export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const server = options.on ?? (await startPostgres(options.server))
  const folder = mkdtempSync(join(tmpdir(), 'bg-lab-'))
  const { cert, key, caFile } = certificate(folder)
  const admin = async (sql: string, database = 'shop') => {
    const client = new Client(server.adminUrl.replace(/postgres$/, database))
    await client.connect()
    try {
      const result = await client.query<Record<string, unknown>>(sql)
      return Array.isArray(result) ? [] : result.rows
    } finally {
      await client.end()
    }
  }
  const target: Target = {
    name: 'shop-db',
    protocol: 'postgres',
    address: `127.0.0.1:${server.port}`,
    environment: 'test',
    services: [],
    scopes: {
      repair: {
        privileges: [{ on: 'public.*', allow: ['select', 'insert', 'update', 'delete', 'truncate'] }],
        hide: ['orders.card_number'],
      },
    },
    settings: {
      database: 'shop',
      login: { user: 'breakglass', password: 'control-secret' },
      tls: 'disable',
      ...options.settings,
    },
    ...options.target,
  }
  const inspector = options.protocol?.inspector ?? createInspector()
  const protocol = createPostgresProtocol({ ...options.protocol, inspector })
  if (!options.on) await admin('CREATE DATABASE shop', 'postgres')
  await admin(options.schema ?? SCHEMA)
  await installPlan(server, 'shop', protocol.plan(target))
  await admin(`ALTER ROLE breakglass PASSWORD 'control-secret'`)

  const loginName = `bg_${randomBytes(6).toString('hex')}`
  const login = { name: loginName, secret: randomBytes(18).toString('base64url') }
  const passage: Lab['passage'] = over =>
    makePassage({
      grant: 'g_lab',
      session: 's_lab',
      target: over?.target ?? target,
      scope: over?.scope ?? 'repair',
      login: { name: over?.name ?? login.name, secret: login.secret },
      remainingMs: over?.remainingMs ?? 600_000,
    })
  await protocol.provision(passage())

  const verifier = makeVerifier(SECRET)
  const desk: Lab['desk'] = {
    tls: createSecureContext({ cert, key }),
    verifier: async name => (name === LOGIN ? verifier : undefined),
    publicKey: async () => undefined,
  }
  const door = await openDoor({ protocol, desk, rules: options.rules, passage: () => passage() })
  const { port, sessions, failures } = door

  const environment = (): NodeJS.ProcessEnv => ({
    ...process.env,
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: LOGIN,
    PGPASSWORD: SECRET,
    PGDATABASE: 'shop',
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: caFile,
    PGCONNECT_TIMEOUT: '10',
    PSQLRC: '/dev/null',
    PSQL_HISTORY: '/dev/null',
  })
  const run: Lab['run'] = (command, args, env = {}, input) =>
    runProgram(command, args, { ...environment(), ...env }, input)
  const clients: Client[] = []
  return {
    server,
    target,
    protocol,
    inspector,
    port,
    desk,
    sessions,
    failures,
    ca: cert,
    caFile,
    loginName,
    passage,
    admin,
    environment,
    run,
    facts: () => sessions.at(-1)?.facts ?? {},
    guard(index = -1) {
      const found = sessions.at(index)
      if (!found) throw new Error('no session yet')
      return found.guard
    },
    async client(config = {}) {
      const client = new Client({
        host: '127.0.0.1',
        port,
        user: LOGIN,
        password: SECRET,
        database: 'shop',
        ssl: { ca: cert },
        ...config,
      })
      client.on('error', () => undefined)
      clients.push(client)
      await client.connect()
      return client
    },
    psql(sql, env) {
      const commands = typeof sql === 'string' ? [sql] : sql
      return run('psql', ['-X', '-A', '-t', ...commands.flatMap(one => ['-c', one])], env)
    },
    prepareGuard: change => door.prepare(change),
    async close() {
      for (const client of clients) await client.end().catch(() => undefined)
      await door.close()
      await protocol.control(target).close()
      await inspector.close()
      if (!options.on) await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function runProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input?: string,
): Promise<Ran> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdin.end(input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}

/** Runs a plan as its owner would: a script for several databases goes to psql. */
export async function installPlan(server: PostgresServer, database: string, plan: string): Promise<void> {
  const url = server.adminUrl.replace(/postgres$/, database)
  if (!plan.includes('\\connect ')) {
    const client = new Client(url)
    await client.connect()
    try {
      await client.query(plan)
    } finally {
      await client.end()
    }
    return
  }
  const { code, err } = await runProgram('psql', ['-Xq', '-v', 'ON_ERROR_STOP=1', url], process.env, plan)
  if (code !== 0) throw new Error(err)
}

function certificate(folder: string): { cert: string; key: string; caFile: string } {
  const caFile = join(folder, 'crt.pem')
  const keyFile = join(folder, 'key.pem')
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '30',
      '-subj',
      '/CN=localhost',
      '-addext',
      names,
      '-keyout',
      keyFile,
      '-out',
      caFile,
    ],
    { stdio: 'ignore' },
  )
  return { cert: readFileSync(caFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), caFile }
}
