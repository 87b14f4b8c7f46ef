import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freshCluster } from './cluster-template.ts'
import { giveToServer, serverUser, startDaemon, temporaryFolder } from './daemon.ts'
import { freePort } from '../../../src/sandbox/free-port.ts'
import { missing, postgresBin } from './missing.ts'

export interface PostgresOptions {
  readonly version?: 15 | 18
  /** `server.crt` and `server.key` are made by openssl for localhost and 127.0.0.1. */
  readonly tls?: boolean
  /** Method of pg_hba.conf for everybody but `postgres`, who always has SCRAM. */
  readonly auth?: 'scram-sha-256' | 'md5' | 'password' | 'trust'
  /** A streaming standby of this server, of the same version. */
  readonly standbyOf?: PostgresServer
  /** Taken instead of a free one. */
  readonly port?: number
  /** Further lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface PostgresServer {
  readonly port: number
  /** As the superuser `postgres`, database `postgres`. */
  readonly adminUrl: string
  readonly adminPassword: string
  readonly pid: number
  /** PEM of the certificate, to be trusted as its own authority; undefined without `tls`. */
  readonly certificate: string | undefined
  readonly folder: string
  log(): string
  stop(): Promise<void>
  /** Ends the server and keeps its data, for `again`, which starts it on them at the same port. */
  halt(): Promise<void>
  again(): Promise<void>
}

const ADMIN_PASSWORD = 'admin-of-the-tests'

/** A fresh cluster in a temporary folder on a free port of 127.0.0.1. Throws a sentence that names what is missing. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const version = options.version ?? 15
  const bin = postgresBin(version)
  if (bin === undefined) throw new Error(missing(version === 15 ? 'postgres15' : 'postgres18').join('; '))
  if (version === 18) linkLibraries(dirname(bin))

  const home = temporaryFolder(`pg${version}`)
  const data = join(home.path, 'data')
  const run = async (command: string, args: readonly string[]) => {
    await promisify(execFile)(command, [...args], {
      cwd: home.path,
      env: environment(bin, version),
      ...serverUser,
    })
  }
  const { standbyOf } = options
  if (standbyOf) {
    const from = `host=127.0.0.1 port=${standbyOf.port} user=postgres password=${ADMIN_PASSWORD}`
    await run(join(bin, 'pg_basebackup'), ['-D', data, '-d', from, '-R', '-X', 'stream', '-c', 'fast'])
  } else {
    const initdb = join(bin, 'initdb')
    await freshCluster(data, initdb, `${version}-${serverUser?.uid ?? 'own'}`, async () => {
      const passwordFile = join(home.path, 'password')
      writeFileSync(passwordFile, ADMIN_PASSWORD, { mode: 0o644 })
      await run(initdb, [
        '-D',
        data,
        '-U',
        'postgres',
        '-A',
        'scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--no-sync',
        '--encoding=UTF8',
        '--locale=C',
      ])
    })
  }
  const certificate = options.tls ? makeCertificate(data) : undefined
  const method = options.auth ?? 'scram-sha-256'
  writeAs(
    join(data, 'pg_hba.conf'),
    [
      'local all postgres scram-sha-256',
      'host all postgres 127.0.0.1/32 scram-sha-256',
      'host replication postgres 127.0.0.1/32 scram-sha-256',
      `host all all 127.0.0.1/32 ${method}`,
      '',
    ].join('\n'),
  )

  const port = options.port ?? (await freePort())
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: home.path,
    fsync: 'off',
    shared_buffers: '32MB',
    max_connections: '60',
    ...(method === 'md5' ? { password_encryption: 'md5' } : {}),
    ...(options.tls ? { ssl: 'on' } : {}),
    ...options.settings,
  }
  const args = [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const begin = () =>
    startDaemon(
      join(bin, 'postgres'),
      args,
      text => /ready to accept (read-only )?connections/.test(text),
      environment(bin, version),
    )
  let daemon = await begin()
  return {
    port,
    adminUrl: `postgres://postgres:${ADMIN_PASSWORD}@127.0.0.1:${port}/postgres`,
    adminPassword: ADMIN_PASSWORD,
    get pid() {
      return daemon.pid
    },
    certificate,
    folder: home.path,
    log: () => daemon.output(),
    halt: () => daemon.stop('SIGINT'),
    async again() {
      daemon = await begin()
    },
    async stop() {
      await daemon.stop('SIGINT')
      home.remove()
    },
  }
}

/** A file of the cluster, written by us and owned by the account of the server. */
function writeAs(path: string, text: string, mode = 0o600): void {
  writeFileSync(path, text, { mode })
  giveToServer(path)
}

function makeCertificate(data: string): string {
  const crt = join(data, 'server.crt')
  const key = join(data, 'server.key')
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
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      crt,
    ],
    { stdio: 'ignore' },
  )
  giveToServer(crt, key)
  return readFileSync(crt, 'utf8')
}

function environment(bin: string, version: 15 | 18): NodeJS.ProcessEnv {
  const library = join(dirname(bin), 'lib')
  return { ...process.env, LC_ALL: 'C', ...(version === 18 ? { LD_LIBRARY_PATH: library } : {}) }
}

/** The npm packages cannot hold symbolic links and name them in a file; install scripts are off, so we make them. */
function linkLibraries(native: string): void {
  const list = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of list) {
    const from = join(native, '..', source)
    const to = join(native, '..', target)
    if (existsSync(to)) continue
    mkdirSync(dirname(to), { recursive: true })
    try {
      symlinkSync(from, to)
    } catch (cause) {
      // Two suites may start at once.
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    }
  }
}
