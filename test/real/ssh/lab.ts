import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseSshKey, sshLine } from '../../../src/kernel/ssh-key.ts'
import { ED25519_CERTIFICATE, type CertificateTerms } from '../../../src/protocols/ssh/keys/certificate.ts'
import { publicBlob, publicKeyOf } from '../../../src/protocols/ssh/keys/public-blob.ts'
import { signUserCertificate } from '../../../src/protocols/ssh/keys/sign-user-certificate.ts'
import type { Target } from '../../../src/kernel/target.ts'
import { startDaemon } from '../servers/daemon.ts'
import { freePort } from '../../../src/sandbox/free-port.ts'
import { missing, whereIs } from '../servers/missing.ts'
import { testAccounts } from './accounts.ts'

export interface SshdOptions {
  /** Trusted instead of a fresh one: as an owner installs the key that `target plan` prints. */
  readonly ca?: KeyObject
  /** Targets that this one host is; default: web-1. */
  readonly targets?: readonly string[]
  /** Principals by account; default: `breakglass/TARGET/deploy` and `breakglass/TARGET/reader` for the two test accounts. */
  readonly principals?: Readonly<Record<string, readonly string[]>>
  /** Lines before all others: the first value of a keyword counts in sshd. */
  readonly config?: readonly string[]
  /** `internal-sftp` (default), or a program of its own whose environment others can see. */
  readonly sftp?: 'internal-sftp' | 'sftp-server'
  /** Trusts nobody yet: for the plan, which adds its lines under `etc/sshd_config.d` of the folder. */
  readonly bare?: boolean
  /** Takes no variable but what `config` says. */
  readonly noEnvironment?: boolean
  /** Taken instead of a free one. */
  readonly port?: number
}

export interface Sshd {
  readonly port: number
  readonly pid: number
  /** `ssh-ed25519 AAAA…`, for `host_keys`. */
  readonly hostKeyLine: string
  /** The account of scope `deploy`. */
  readonly account: string
  /** The account of scope `reader`: another one as root, else the same. */
  readonly reader: string
  /** Private key of the trusted CA; absent from the target, of course. */
  readonly ca: KeyObject
  /** A folder every account may enter and read; removed by `stop`. */
  readonly folder: string
  readonly knownHosts: string
  /** Path of a private key beside which a certificate lies, as `ssh -i` takes it; a fresh pair at each call. */
  identity(terms?: Partial<CertificateTerms>): string
  /** Arguments for a real `ssh`, `scp` or `sftp` straight to this server: port, pinned host key, nobody's own settings. */
  options(identity?: string): readonly string[]
  /** What sshd has logged, at level VERBOSE. */
  log(): string
  /** Ends the server, every connection of it, and what still descends from them; by their ids. */
  stop(): Promise<void>
}

/** What of sshd and its tools is not here, as sentences. */
export const missingSshd = missing('sshd', 'ssh', 'ssh-keygen')

/** A real sshd on a free port of 127.0.0.1, set up as `target plan` asks; its own host key, its own CA. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  if (missingSshd.length > 0) throw new Error(missingSshd.join('; '))
  const ca = options.ca ?? generateKeyPairSync('ed25519').privateKey
  const { deploy, reader } = testAccounts()
  const folder = mkdtempSync(join(tmpdir(), 'bg-sshd-'))
  chmodSync(folder, 0o755)
  // Where sshd keeps its children without rights, when it is root; systemd or the package's script make it elsewhere.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, 'host')])
  const hostKeyLine = sshLine(keyIn(join(folder, 'host.pub')))
  writeFileSync(join(folder, 'ca.pub'), `${sshLine(publicBlob(ca))}\n`)
  mkdirSync(join(folder, 'principals'))
  const principals = options.principals ?? mergePrincipals(deploy, reader, options.targets ?? ['web-1'])
  for (const [account, names] of Object.entries(principals)) {
    writeFileSync(join(folder, 'principals', account), `${names.join('\n')}\n`)
  }

  const port = options.port ?? (await freePort())
  const configFile = join(folder, 'sshd_config')
  writeFileSync(configFile, configuration(folder, port, options).join('\n'))
  const daemon = await startDaemon(
    whereIs('sshd') ?? 'sshd',
    ['-D', '-e', '-f', configFile],
    output => output.includes('Server listening on 127.0.0.1'),
    process.env,
    'ourselves',
  )
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKeyLine}\n`)

  let identities = 0
  return {
    port,
    pid: daemon.pid,
    hostKeyLine,
    account: deploy,
    reader,
    ca,
    folder,
    knownHosts,
    identity(terms = {}) {
      const file = join(folder, `identity-${identities++}`)
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
      const key = publicKeyOf(keyIn(`${file}.pub`))
      const blob = signUserCertificate({ ...anHour(), ...terms }, key, ca)
      writeFileSync(`${file}-cert.pub`, `${ED25519_CERTIFICATE} ${blob.toString('base64')}\n`)
      return file
    },
    options: identity => [
      '-F',
      'none',
      ...['-o', `Port=${port}`, '-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'GlobalKnownHostsFile=none'],
      ...['-o', 'StrictHostKeyChecking=yes', '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes'],
      ...['-o', 'IdentityAgent=none', '-o', 'ControlPath=none', '-o', 'LogLevel=ERROR'],
      ...(identity === undefined ? [] : ['-i', identity]),
    ],
    log: () => daemon.output(),
    async stop() {
      const below = descendants(daemon.pid)
      await daemon.stop('SIGTERM')
      for (const pid of below) kill(pid)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The server as a target, whose scope `deploy` is its account. */
export function hostOf({
  port,
  account,
  hostKeyLine,
}: Pick<Sshd, 'port' | 'account' | 'hostKeyLine'>): Target {
  return {
    name: 'web-1',
    protocol: 'ssh',
    address: `127.0.0.1:${port}`,
    environment: 'test',
    services: [],
    scopes: { deploy: { as: account } },
    settings: { host_keys: [hostKeyLine] },
  }
}

/** The lines of the plan, and what makes a server of our own out of them. */
function configuration(folder: string, port: number, options: SshdOptions): string[] {
  const { config = [], sftp, bare = false, noEnvironment = false } = options
  const server = [
    '/usr/lib/openssh/sftp-server',
    '/usr/libexec/openssh/sftp-server',
    '/usr/lib/ssh/sftp-server',
  ]
  return [
    ...config,
    ...(bare
      ? [`Include ${join(folder, 'etc/sshd_config.d/*.conf')}`]
      : [
          `TrustedUserCAKeys ${join(folder, 'ca.pub')}`,
          `AuthorizedPrincipalsFile ${join(folder, 'principals', '%u')}`,
          ...(noEnvironment ? [] : ['AcceptEnv BREAKGLASS_LOGIN']),
        ]),
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    'AuthorizedKeysFile none',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'UseDNS no',
    'PrintMotd no',
    'PrintLastLog no',
    'LogLevel VERBOSE',
    // Benches open hundreds of connections at once; the throttle for strangers is not what they measure.
    'MaxStartups 1000',
    'MaxSessions 1000',
    'AllowAgentForwarding yes',
    'AllowTcpForwarding yes',
    'AllowStreamLocalForwarding yes',
    'X11Forwarding yes',
    `Subsystem sftp ${sftp === 'sftp-server' ? (server.find(path => existsSync(path)) ?? server[0]) : 'internal-sftp'}`,
    '',
  ]
}

function mergePrincipals(
  deploy: string,
  reader: string,
  targets: readonly string[],
): Record<string, string[]> {
  const names = (scope: string) => targets.map(target => `breakglass/${target}/${scope}`)
  return deploy === reader
    ? { [deploy]: [...names('deploy'), ...names('reader')] }
    : { [deploy]: names('deploy'), [reader]: names('reader') }
}

function anHour(): CertificateTerms {
  const now = Math.floor(Date.now() / 1000)
  return {
    serial: 1n,
    keyId: 'lab',
    principals: ['breakglass/web-1/deploy'],
    validAfter: now - 60,
    validBefore: now + 3600,
    extensions: ['permit-pty', 'permit-port-forwarding', 'permit-agent-forwarding', 'permit-X11-forwarding'],
  }
}

/** The public half of a CA or host key as one line, for settings. */
export function publicLine(key: KeyObject): string {
  return sshLine(publicBlob(key.type === 'private' ? createPublicKey(key) : key))
}

function keyIn(file: string): Buffer {
  const key = parseSshKey(readFileSync(file, 'utf8'))
  if (!Buffer.isBuffer(key)) throw new Error(`${file}: ${key.what}`)
  return key
}

export function descendants(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It ended while we looked.
    }
  }
  const below: number[] = []
  for (let level = [root]; level.length > 0; below.push(...level)) {
    const above = new Set(level)
    level = [...parents].filter(([, parent]) => above.has(parent)).map(([pid]) => pid)
  }
  return below
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already, with its connection.
  }
}
