import { writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { giveToServer, startDaemon, temporaryFolder } from './daemon.ts'
import { freePort } from '../../../src/sandbox/free-port.ts'
import { missing, whereIs } from './missing.ts'
import type { PostgresServer } from './postgres.ts'

export interface Pgbouncer {
  readonly port: number
  readonly adminUrl: string
  readonly pid: number
  stop(): Promise<void>
}

/** PgBouncer in session mode before a server: the yardstick for what a relay costs. `users`: name → password. */
export async function startPgbouncer(
  server: PostgresServer,
  users: Readonly<Record<string, string>>,
): Promise<Pgbouncer> {
  const program = whereIs('pgbouncer')
  if (program === undefined) throw new Error(missing('pgbouncer').join('; '))
  const home = temporaryFolder('pgbouncer')
  const port = await freePort()
  const everybody = { postgres: server.adminPassword, ...users }
  const list = Object.entries(everybody).map(([name, secret]) => `"${name}" "${secret}"`)
  const config = join(home.path, 'pgbouncer.ini')
  writeFileSync(join(home.path, 'users.txt'), `${list.join('\n')}\n`)
  writeFileSync(
    config,
    [
      '[databases]',
      `* = host=127.0.0.1 port=${server.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      `auth_file = ${join(home.path, 'users.txt')}`,
      'pool_mode = session',
      'max_client_conn = 500',
      'default_pool_size = 50',
      'admin_users = postgres',
      `pidfile = ${join(home.path, 'pid')}`,
      'ignore_startup_parameters = extra_float_digits',
      '',
    ].join('\n'),
  )
  giveToServer(config, join(home.path, 'users.txt'))
  const daemon = await startDaemon(program, [config], () => answers(port))
  return {
    port,
    adminUrl: `postgres://postgres:${server.adminPassword}@127.0.0.1:${port}/pgbouncer`,
    pid: daemon.pid,
    async stop() {
      await daemon.stop('SIGTERM')
      home.remove()
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => socket.destroy())
    socket.once('error', () => resolve(false))
    socket.once('close', hadError => resolve(!hadError))
  })
}
