import { deepStrictEqual } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Credential, libpq, startWorld, type World } from '../world.ts'

/** What a program said; both streams as text. */
export interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly cwd?: string
  /** Milliseconds until it is killed; 60,000 unless told. */
  readonly timeout?: number
}

/** One way to the same database, as the same role. */
export interface Way {
  readonly name: 'direct' | 'gateway'
  /** libpq's environment; every client here reads it, or is told from it. */
  readonly env: Readonly<Record<string, string>>
  /** A folder of this way's own, for files a client writes. */
  readonly folder: string
  run(command: string, args: readonly string[], options?: RunOptions): Promise<Said>
  psql(script: string, args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<Said>
}

/** A grant on a real database, and beside it a login of the same role that goes there directly. */
export interface Stand {
  readonly version: 15 | 18
  readonly world: World
  /** Under a procedure that refuses nothing but what is always refused; acts as the owner of the tables. */
  readonly gateway: Way
  readonly direct: Way
  /** Under the procedure of an ordinary emergency: no DDL, no write without WHERE. */
  readonly repair: Way
  /** The target's superuser, past everything. */
  readonly admin: Way
  readonly folder: string
  /** Does the same on both ways, one after the other, and demands the same outcome, which it returns. */
  same<T>(work: (way: Way) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const DIRECT_PASSWORD = 'directly'

/** The owner's procedure: a migration in an emergency. */
const OWNER = (text: string): string =>
  text
    .replace('procedure: orders-db-emergency', 'procedure: owner')
    .replace(/^scope: .*$/m, 'scope: { use: owner }')

export async function openStand(version: 15 | 18): Promise<Stand> {
  const folder = mkdtempSync(join(tmpdir(), 'bg-stand-'))
  const world = await startWorld({ version, procedures: { owner: OWNER } })
  await world.admin(
    `create role direct_login login password '${DIRECT_PASSWORD}' in role orders_owner;
     alter role direct_login set role = orders_owner;
     grant create, temp on database orders to orders_owner;
     alter table notes owner to orders_owner`,
  )
  await world.incident()
  world.clock.pass(31_000)
  const api = await world.signIn('ana')
  const credential = async (procedure: string): Promise<Credential> => {
    const reason = 'checkout is down'
    const wish = { target: 'orders-db', reason, procedure, duration: '1h' }
    const grant = await api.post<{ id: string; state: string }>('/v1/grants', wish)
    if (grant.state !== 'active') throw new Error(`the grant is ${grant.state}`)
    return world.connect(api, grant.id)
  }
  const owner = libpq(await credential('owner'))
  const repair = libpq(await credential('orders-db-emergency'))
  const caFile = join(folder, 'target-ca.pem')
  writeFileSync(caFile, world.target.certificate ?? '')
  const there = { ...owner, PGPORT: String(world.target.port), PGSSLROOTCERT: caFile }
  const way = (name: Way['name'], env: Readonly<Record<string, string>>): Way =>
    makeWay(name, { ...env, HOME: folder }, mkdtempSync(join(folder, `${name}-`)))
  const gateway = way('gateway', owner)
  const direct = way('direct', { ...there, PGUSER: 'direct_login', PGPASSWORD: DIRECT_PASSWORD })
  return {
    version,
    world,
    gateway,
    direct,
    repair: way('gateway', repair),
    admin: way('direct', { ...there, PGUSER: 'postgres', PGPASSWORD: world.target.adminPassword }),
    folder,
    async same(work) {
      const wanted = await work(direct)
      deepStrictEqual(await work(gateway), wanted)
      return wanted
    },
    async close() {
      await world.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function makeWay(name: Way['name'], env: Readonly<Record<string, string>>, folder: string): Way {
  const run: Way['run'] = (command, args, options = {}) =>
    execute(command, args, { ...options, env: { ...env, ...options.env }, cwd: options.cwd ?? folder })
  return {
    name,
    env,
    folder,
    run,
    psql: (script, args = [], more = {}) => run('psql', ['-X', '-q', ...args], { input: script, env: more }),
  }
}

/** Runs a program to its end; what it says beyond 64 MiB is dropped. */
function execute(command: string, args: readonly string[], options: RunOptions): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: options.env, cwd: options.cwd, stdio: 'pipe' })
    const out: Buffer[] = []
    const err: Buffer[] = []
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 60_000)
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.on('error', () => undefined)
    child.once('error', reject)
    child.once('close', code => {
      clearTimeout(timer)
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() })
    })
    child.stdin.end(options.input ?? '')
  })
}
