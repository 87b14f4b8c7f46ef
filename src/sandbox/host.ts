import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../kernel/faults.ts'
import { freePort } from './free-port.ts'
import { whereIs } from './where-is.ts'

export interface SandboxHost {
  readonly port: number
  /** `OpenSSH_9.2p1 …`. */
  readonly version: string
  /** `ssh-ed25519 AAAA…`. */
  readonly hostKey: string
  /** Whose programs run there: whoever runs the sandbox, as an sshd without rights lets in nobody else. */
  readonly account: string
  /** Something to look at. */
  readonly errorLog: string
  /** Trusts certificates of the authority in the plan, as its owner would by running it. */
  trust(plan: string): void
  /** Whether a process runs whose command line holds these words. */
  runs(words: string): boolean
  stop(): Promise<void>
}

const PROGRAMS = ['sshd', 'ssh', 'ssh-keygen'] as const
const PRINCIPAL = 'breakglass/web-1/operate'
const ERRORS = `02:13:58 [error] upstream timed out while connecting to orders:8080
02:14:02 [error] no live upstreams: 502 for POST /checkout
`

/** What a host of the sandbox needs and does not find here, in words; undefined: nothing. */
export function missingForHost(): string | undefined {
  if (!existsSync('/proc/self/cmdline')) return 'a host needs Linux'
  const absent = PROGRAMS.filter(name => whereIs(name) === undefined)
  return absent.length === 0 ? undefined : `${absent.join(', ')} not found (Debian: openssh-server)`
}

/** A real sshd on 127.0.0.1 in `folder`, which must not exist yet. Fault `unavailable` when it does not start. */
export async function startSandboxHost(folder: string): Promise<SandboxHost> {
  const port = await freePort()
  const account = userInfo().username
  mkdirSync(join(folder, 'principals'), { recursive: true, mode: 0o755 })
  // Where sshd keeps its children without rights, when it is root; its service makes it elsewhere.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const key = join(folder, 'host_key')
  const made = spawnSync(where('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key])
  if (made.status !== 0) throw new Fault('unavailable', 'ssh-keygen made no key.', { cause: made.stderr })
  const authority = join(folder, 'ca.pub')
  writeFileSync(authority, '')
  writeFileSync(join(folder, 'principals', account), `${PRINCIPAL}\n`)
  const errorLog = join(folder, 'error.log')
  writeFileSync(errorLog, ERRORS)
  const config = join(folder, 'sshd_config')
  writeFileSync(config, configuration(folder, port))
  const server = spawn(where('sshd'), ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  await listening(server)
  return {
    port,
    account,
    errorLog,
    hostKey: readFileSync(`${key}.pub`, 'utf8').trim(),
    version: spawnSync(where('ssh'), ['-V'], { encoding: 'utf8' }).stderr.split(',')[0] ?? 'OpenSSH',
    trust(plan) {
      const [key] = /ssh-ed25519 [A-Za-z0-9+/=]+/.exec(plan) ?? []
      if (key === undefined) throw new Fault('internal', 'The plan names no authority.')
      writeFileSync(authority, `${key}\n`)
    },
    runs: words => commandLines().some(line => line.includes(words)),
    async stop() {
      if (server.exitCode !== null) return
      const gone = once(server, 'exit')
      server.kill('SIGTERM')
      await gone
    },
  }
}

function configuration(folder: string, port: number): string {
  return `Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder}/host_key
TrustedUserCAKeys ${folder}/ca.pub
AuthorizedPrincipalsFile ${folder}/principals/%u
AuthorizedKeysFile none
AcceptEnv BREAKGLASS_LOGIN
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
PidFile none
Subsystem sftp internal-sftp
`
}

async function listening(server: ChildProcess): Promise<void> {
  let log = ''
  const ready = new Promise<boolean>(resolve => {
    server.stderr?.on('data', chunk => {
      log = (log + String(chunk)).slice(-2_000)
      if (log.includes('Server listening')) resolve(true)
    })
    server.once('error', () => resolve(false))
    server.once('exit', () => resolve(false))
  })
  if (!(await ready)) throw new Fault('unavailable', 'sshd did not start.', { cause: log })
}

function commandLines(): readonly string[] {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    try {
      return [readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')]
    } catch {
      // It ended while we looked.
      return []
    }
  })
}

/** sshd starts itself anew for each connection, so its path must be whole. */
function where(name: (typeof PROGRAMS)[number]): string {
  const found = whereIs(name)
  if (found === undefined) throw new Fault('unavailable', `There is no ${name}.`)
  return found
}
